package import MarketModel
package import Venues

/// What is collected from one section of a venue, and where from.
package struct SegmentSettings: Hashable, Sendable {
    /// The most instruments that one section may be told to collect.
    package static let symbolsMost = 2_000

    /// What is collected, in order, none twice.
    package var rules: [SymbolRule] = []
    package var types: [DataType]
    /// The section's own choices by key.
    package var options: [String: String]
    package var klineIntervals: [KlineInterval]
    package var ratioPeriod: KlineInterval
    package var pollIntervals = PollIntervals()
    /// Base address of the streams, without a path of the venue.
    package var websocket: Endpoint
    /// Base address of the requests.
    package var rest: Endpoint
    package var streamsPerConnection: Int
    /// Levels a side of a book's snapshot; 0 where it comes in the stream.
    package var snapshotLimit: Int

    package init(_ segment: VenueSegment) {
        self.types = segment.standardTypes
        self.options = Dictionary(uniqueKeysWithValues: segment.options.map { ($0.key, $0.standard) })
        self.klineIntervals = segment.klineIntervals.contains(.minute1) ? [.minute1] : []
        self.ratioPeriod = segment.ratioPeriods.first ?? .minute5
        self.websocket = Self.endpoint(segment.webSocket, [.wss, .ws])
        self.rest = Self.endpoint(segment.rest, [.https, .http])
        self.streamsPerConnection = segment.streamsPerConnection
        self.snapshotLimit = segment.snapshot?.standard ?? 0
    }

    /// The instruments that are named, in the venue's spelling.
    package var symbols: [String] {
        get { self.rules.compactMap { if case .name(let name) = $0 { name } else { nil } } }
        set { self.rules = self.rules.filter(\.isOpen) + newValue.map { .name($0) } }
    }

    /// As many instruments as the rules can mean.
    var instrumentsMost: Int { self.rules.contains(where: \.isOpen) ? Self.symbolsMost : self.rules.count }

    /// What the venue is asked to bring.
    package var wanted: Wanted {
        Wanted(
            types: Set(self.types), klineIntervals: self.klineIntervals, ratioPeriod: self.ratioPeriod,
            options: self.options)
    }

    /// A choice by its key.
    subscript(option key: String) -> String {
        get { self.options[key] ?? "" }
        set { self.options[key] = newValue }
    }

    private static func endpoint(_ text: String, _ schemes: [Endpoint.Scheme]) -> Endpoint {
        guard let endpoint = Endpoint(text: text, schemes: schemes) else {
            preconditionFailure("the catalog has an address that is none: \(text)")
        }
        return endpoint
    }

    static func fields(of segment: VenueSegment) -> [SettingField<SegmentSettings>] {
        let offered = segment.offeredTypes.map(\.rawValue).joined(separator: ", ")
        var fields: [SettingField<SegmentSettings>] = [
            .symbolRules(
                "symbols", \.rules, of: segment, upTo: Self.symbolsMost,
                "Instruments to collect: names as the venue spells them, patterns such as BTC*, or rules such as "
                    + "{top: 50, by: quote_volume, quote: USDT}; at least one."),
            .list(
                "types", \.types, .choice(DataType.allCases), upTo: DataType.allCases.count,
                "What to collect of each; the section offers \(offered)."),
        ]
        fields += segment.options.map { option in
            .value(option.key, \.[option: option.key], .word(of: option.choices), option.meaning)
        }
        if !segment.klineIntervals.isEmpty {
            fields.append(
                .list(
                    "kline_intervals", \.klineIntervals, .choice(segment.klineIntervals),
                    upTo: segment.klineIntervals.count, "Lengths of bars, where kline is collected."))
        }
        if !segment.ratioPeriods.isEmpty {
            fields.append(
                .value(
                    "ratio_period", \.ratioPeriod, .choice(segment.ratioPeriods),
                    "The period that long/short ratios are measured over."))
        }
        fields += PollIntervals.fields(of: segment)
        fields += [
            .value(
                "websocket", \.websocket, .endpoint([.wss, .ws], example: segment.webSocket),
                "Base address of the streams, for mirrors, test nets and the simulator."),
            .value(
                "rest", \.rest, .endpoint([.https, .http], example: segment.rest), "Base address of the requests."),
            .value(
                "streams_per_connection", \.streamsPerConnection, .integer(1...segment.streamsPerConnectionMost),
                "A further connection is opened past this many streams; the venue takes "
                    + "\(segment.streamsPerConnectionMost)."),
        ]
        if let snapshot = segment.snapshot {
            fields.append(
                .value(
                    "snapshot_limit", \.snapshotLimit,
                    snapshot.served.isEmpty ? .integer(5...snapshot.most) : .integer(oneOf: snapshot.served),
                    "Levels a side asked for in a book's snapshot; its weight grows with it."))
        }
        return fields
    }
}
