package import MarketModel
package import Resilience

/// What the collector must know of a venue, beside its decoder: its sections, how to ask, how to read lists.
///
/// The control plane's side: none of it is on the frame path.
package protocol Venue: VenueHistory, VenueClock, Sendable {
    var id: VenueID { get }
    /// As people write it.
    var title: String { get }
    var segments: [VenueSegment] { get }
    /// What the venue meters, as numbers that the configuration may change.
    var limits: [VenueLimit] { get }

    // MARK: Streams

    /// The streams that bring what is wanted of one symbol.
    func streams(of symbol: String, in segment: VenueSegment, wanted: Wanted) -> [VenueStream]
    /// The streams of the whole section that bring what is wanted of the symbols of one connection of `route`.
    func segmentStreams(in segment: VenueSegment, route: VenueRoute, wanted: Wanted) -> [VenueStream]
    func dialect(for segment: VenueSegment, limits: VenueLimits) -> any SubscriptionDialect
    func makeDecoder(for segment: VenueSegment, wanted: Wanted) -> VenueDecoder

    // MARK: Requests

    /// The budgets that requests and connections draw on, by name.
    func scopes(limits: VenueLimits) -> [String: RateLimits]
    /// The budget of new connections of a section: a name of `scopes`.
    func connectScope(of segment: VenueSegment) -> String
    /// What lists a section's instruments; the answers together are the list.
    func instrumentRequests(in segment: VenueSegment) -> [VenueRequest]
    /// Reads one answer to them, and counts the entries that were refused; one bad entry refuses only itself.
    func instruments(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> (instruments: [Instrument], refused: Int)
    /// What asks for a book's snapshot; nil where it comes in the stream.
    func snapshotRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueRequest?
    /// What asks for a whole book that a live one is compared with; nil where there is none.
    ///
    /// - Parameter levels: Levels a side that are of use; the venue may serve more or fewer.
    func auditRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueBookRequest?
    /// What is to be asked at intervals about these instruments, and about the whole section.
    func polls(of instruments: [Instrument], in segment: VenueSegment, wanted: Wanted) -> [VenuePoll]
    /// What asks for the bars that opened in a range of time, the newest at most as many as one answer holds.
    func klineRequest(
        of symbol: String, _ interval: KlineInterval, fromMilliseconds: Int64, toMilliseconds: Int64,
        in segment: VenueSegment
    ) -> VenueRequest?
    /// What asks for trades by the ids that the wanted streams of trades count by: as many of the first of `ids` as one
    /// answer holds, so that pages follow each other forward; nil where the venue serves none.
    func tradeRequest(
        of symbol: String, ids: ClosedRange<UInt64>, in segment: VenueSegment, wanted: Wanted
    ) -> VenueTradeRequest?
    /// What asks for the funding that was charged in a range of time, as much as one answer holds; nil where the section
    /// has none.
    func fundingRequest(
        of symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> VenueRequest?
    /// What tells the last day's turnover of all symbols, to choose the largest; nil where nothing does.
    func turnoverRequests(in segment: VenueSegment) -> [VenueRequest]
    /// Reads one answer to them: turnover in the quote asset by symbol.
    func turnovers(_ body: [UInt8], in segment: VenueSegment) throws(UnreadableAnswer) -> [String: DecimalValue]

    /// What an answer means.
    func verdict(on answer: VenueAnswer) -> AnswerVerdict
    /// What an answer's headers say was used, by budget, with the window's length.
    func usage(in answer: VenueAnswer, to request: VenueRequest) -> [(scope: String, used: Int, per: Duration)]
}

/// A number that a venue limits its clients by.
package struct VenueLimit: Hashable, Sendable {
    /// Its key under `limits.<venue>`.
    package let key: String
    package let standard: Int
    package let range: ClosedRange<Int>
    package let meaning: String

    package init(_ key: String, _ standard: Int, in range: ClosedRange<Int>, _ meaning: String) {
        self.key = key
        self.standard = standard
        self.range = range
        self.meaning = meaning
    }
}

/// A venue's limits as configured.
package struct VenueLimits: Hashable, Sendable {
    private var values: [String: Int]
    /// The share of each limit that is used; the rest is left to others on this address.
    package var usePercent = 80

    package init(_ limits: [VenueLimit]) {
        self.values = Dictionary(limits.map { ($0.key, $0.standard) }, uniquingKeysWith: { first, _ in first })
    }

    /// The venue's own number.
    package subscript(key: String) -> Int {
        get { self.values[key] ?? 1 }
        set { self.values[key] = newValue }
    }

    /// The share of a limit that is used, at least 1.
    package func usable(_ key: String) -> Int { max(1, self[key] * self.usePercent / 100) }
}

/// Why an answer could not be read at all.
package struct UnreadableAnswer: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
