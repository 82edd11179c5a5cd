import MarketModel
import Venues

/// A section of the catalog with its fixtures: its two instruments, all that it offers of them, and what it says.
struct ConformanceSection: Sendable {
    struct Question: Sendable {
        let question: VenueQuestion
        let instrument: InstrumentID?
    }

    let venue: any Venue
    let segment: VenueSegment
    let fixture: ConformanceFixture
    let symbols: [String]
    let instruments: [Instrument]
    let wanted: Wanted
    let streams: [VenueStream]

    init(_ id: SegmentID) throws(ConformanceFixture.Missing) {
        guard let venue = VenueCatalog.venue(id.venue), let segment = VenueCatalog.segment(id) else {
            throw ConformanceFixture.Missing(description: "\(id) is not in the catalog")
        }
        self.venue = venue
        self.segment = segment
        self.fixture = try ConformanceFixture(of: id)
        let symbols = try self.fixture.symbols()
        self.symbols = symbols
        let body = venue.instrumentRequests(in: segment).isEmpty ? "" : try self.fixture.text("instruments")
        let listed = (try? venue.instruments(Array(body.utf8), in: segment))?.instruments ?? []
        self.instruments = symbols.compactMap { symbol in listed.first { $0.venueSymbol == symbol } }
        guard self.instruments.count == symbols.count else { throw self.fixture.missing("instruments") }
        let wanted = Self.wanted(of: Set(segment.offeredTypes), in: segment)
        self.wanted = wanted
        self.streams = Self.streams(of: symbols, venue, segment, wanted)
    }

    static func wanted(of types: Set<DataType>, in segment: VenueSegment) -> Wanted {
        Wanted(
            types: types,
            options: Dictionary(segment.options.map { ($0.key, $0.standard) }, uniquingKeysWith: { first, _ in first }))
    }

    /// The streams that bring what is wanted, those of the whole section once for each route.
    static func streams(
        of symbols: [String], _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted
    ) -> [VenueStream] {
        var streams = symbols.flatMap { venue.streams(of: $0, in: segment, wanted: wanted) }
        for route in Set(streams.map(\.route)).sorted(by: { $0.suffix < $1.suffix }) {
            streams += venue.segmentStreams(in: segment, route: route, wanted: wanted)
        }
        return streams
    }

    /// What an answer of the fixtures answers, about the first instrument; nil where nothing asks.
    func question(of type: DataType) -> Question? {
        let first = InstrumentID(0)
        if type == .orderbook { return Question(question: .depthSnapshot, instrument: first) }
        let polls = self.venue.polls(of: self.instruments, in: self.segment, wanted: self.wanted)
        if let poll = polls.first(where: { $0.type == type && ($0.symbol == nil || $0.symbol == self.symbols[0]) }) {
            return Question(question: poll.question, instrument: poll.symbol == nil ? nil : first)
        }
        let bars = self.venue.klineRequest(
            of: self.symbols[0], .minute1, fromMilliseconds: 1_785_000_000_000, toMilliseconds: 1_785_000_060_000,
            in: self.segment)
        guard type == .kline, bars != nil else { return nil }
        return Question(question: .klines(.minute1), instrument: first)
    }

    /// What an answer about the past answers, of the first instrument; nil where nothing asks.
    func pastQuestion(of type: DataType) -> Question? {
        let first = InstrumentID(0)
        let symbol = self.symbols[0]
        guard type != .trade else {
            let asked = self.venue.tradeRequest(of: symbol, ids: 1...1, in: self.segment, wanted: self.wanted)
            return asked == nil ? nil : Question(question: .trades, instrument: first)
        }
        let kind = Self.pastKind(of: type, self.venue, self.segment, self.wanted)
        let request = kind.flatMap {
            self.venue.historyRequest(
                of: $0, symbol: symbol, fromMilliseconds: 1_785_000_000_000, toMilliseconds: 1_785_000_300_000,
                in: self.segment)
        }
        return request.map { Question(question: $0.question, instrument: first) }
    }

    /// What is served of the past of a kind of data, of the shortest bars or periods; nil where nothing is.
    static func pastKind(
        of type: DataType, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted
    ) -> HistoryKind? {
        let intervals: [KlineInterval?] = [nil, .minute1, .minute5]
        return intervals.compactMap { HistoryKind(type, interval: $0) }
            .first { venue.historyOffer(of: $0, in: segment, wanted: wanted) != nil }
    }

    /// How requests and frames word a stream.
    func words(_ stream: VenueStream) -> String {
        let isOfSection = stream.symbol == nil && self.fixture.has("words.section")
        let words = try? self.fixture.text(isOfSection ? "words.section" : "words")
        return ConformanceFixture.fill(words ?? "", stream: stream)
    }

    /// Every frame of market data, with what it answers where it is an answer.
    var frames: [(entry: ConformanceFixture.Entry, asked: Question?)] {
        self.fixture.entries.compactMap { entry in
            if entry.key.hasPrefix("stream.") { return (entry, nil) }
            if entry.key.hasPrefix("answer.") {
                let type = DataType(rawValue: String(entry.key.dropFirst("answer.".count)))
                return type.flatMap { self.question(of: $0) }.map { (entry, $0) }
            }
            if entry.key.hasPrefix("history.") {
                let type = DataType(rawValue: String(entry.key.dropFirst("history.".count)))
                return type.flatMap { self.pastQuestion(of: $0) }.map { (entry, $0) }
            }
            guard entry.key.hasPrefix("book.") else { return nil }
            guard self.isAnswer(entry.key) else { return (entry, nil) }
            let instrument = InstrumentID(entry.key == "book.other" ? 1 : 0)
            return (entry, Question(question: .depthSnapshot, instrument: instrument))
        }
    }

    /// Whether a frame of a book is an answer in this section.
    func isAnswer(_ key: String) -> Bool {
        self.segment.snapshot != nil
            && ["book.snapshot", "book.other", "book.resync", "book.reset.answer"].contains(key)
    }
}
