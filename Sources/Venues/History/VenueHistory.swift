package import MarketModel

/// What a venue gives of the past; nothing of all this unless it says so.
package protocol VenueHistory {
    /// What is served over REST; nil where the kind, or this length of its bars, is not.
    func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer?

    /// What asks for all rows of a kind, not trades, whose time (a bar's opening, a period's end as the venue tells it) lies
    /// in a range, both ends included; nil for a symbol that has none, and for a range that no single answer holds.
    ///
    /// The answer may hold a row beside the range, which is to be left.
    func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> HistoryRequest?

    /// What finds the id of the first trade at or behind a time, by the ids that `tradeRequest` counts by.
    func tradeSearchRequest(
        of symbol: String, atMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest?

    /// What finds the last trade before a time, by the same ids; nil where no trade from an id on means that there is none.
    /// None before `fromMilliseconds` has to be found.
    func lastTradeRequest(
        of symbol: String, fromMilliseconds: Int64, beforeMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> VenueRequest?

    /// The base address of the venue's archives; nil where it has none.
    var archiveAddress: String? { get }

    /// Whether there are archives of a kind, or of this length of its bars, at all.
    func hasArchives(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> Bool

    /// The archives that hold a kind for whole days or months inside of a range, each stretch once, in order: months where
    /// the venue has them whole by `nowMilliseconds`, days up to the last that it has. What lies before, behind and between
    /// them is left to requests. Where requests do not reach as far, parts of days may be among them. The stretch of one of
    /// them, asked for alone, gives it again.
    func archives(
        of kind: HistoryKind, instrument: Instrument, rangeMilliseconds: Range<Int64>, nowMilliseconds: Int64,
        in segment: VenueSegment, wanted: Wanted
    ) -> [ArchiveLocation]

    /// Reads the answer to a list of archives: the whole addresses of the one that is wanted; nil where it is not there.
    func archiveAddress(_ body: [UInt8], of archive: VenueArchive) throws(UnreadableAnswer) -> String?

    func makeArchiveDecoder(for archive: VenueArchive, instrument: InstrumentID) -> (any ArchiveDecoder)?
}

extension Venue {
    package func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer? { nil }

    package func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> HistoryRequest? { nil }

    package func tradeSearchRequest(
        of symbol: String, atMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest? { nil }

    package func lastTradeRequest(
        of symbol: String, fromMilliseconds: Int64, beforeMilliseconds: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> VenueRequest? { nil }

    package var archiveAddress: String? { nil }

    package func hasArchives(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> Bool { false }

    package func archives(
        of kind: HistoryKind, instrument: Instrument, rangeMilliseconds: Range<Int64>, nowMilliseconds: Int64,
        in segment: VenueSegment, wanted: Wanted
    ) -> [ArchiveLocation] { [] }

    package func archiveAddress(_ body: [UInt8], of archive: VenueArchive) throws(UnreadableAnswer) -> String? { nil }

    package func makeArchiveDecoder(
        for archive: VenueArchive, instrument: InstrumentID
    ) -> (any ArchiveDecoder)? { nil }
}
