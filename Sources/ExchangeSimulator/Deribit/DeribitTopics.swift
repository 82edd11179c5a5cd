/// What Deribit's channels carry.
///
/// Source: <https://docs.deribit.com/#subscriptions> as of 2026-08.
struct DeribitTopics {
    /// Lengths of bars in milliseconds, by the name of the resolution.
    static let bars: [String: Int64] = [
        "1": 60_000, "3": 180_000, "5": 300_000, "10": 600_000, "15": 900_000, "30": 1_800_000, "60": 3_600_000,
        "120": 7_200_000, "180": 10_800_000, "360": 21_600_000, "720": 43_200_000, "1D": 86_400_000,
    ]

    /// Whether an instrument is listed.
    let isListed: (MarketSegment, String) -> Bool

    /// The segment that an instrument of this name belongs to.
    static func segment(of instrument: String) -> MarketSegment {
        instrument.hasSuffix("-C") || instrument.hasSuffix("-P") ? .deribitOption : .deribitPerpetual
    }

    /// Whether a channel is one that only those who logged in may have.
    static func needsLogin(_ name: String) -> Bool {
        name.hasSuffix(".raw") && ["book.", "trades.", "ticker.", "perpetual."].contains { name.hasPrefix($0) }
    }

    /// The stream; `nil` where the venue has none of this name.
    func topic(_ name: String) -> StreamTopic? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count) {
        // What is put together for longer comes as often here.
        case ("book", 3) where ["100ms", "agg2"].contains(parts[2]): return self.instrument(name, parts[1], .book)
        case ("trades", 3) where ["100ms", "agg2"].contains(parts[2]): return self.instrument(name, parts[1], .trade)
        case ("quote", 2): return self.instrument(name, parts[1], .bestPrices)
        case ("ticker", 3): return self.sampled(name, parts[1], parts[2], .ticker)
        case ("perpetual", 3) where parts[1].hasSuffix("-PERPETUAL"):
            return self.sampled(name, parts[1], parts[2], .funding)
        case ("chart", 4) where parts[1] == "trades":
            guard let length = Self.bars[parts[3]] else { return nil }
            return self.instrument(name, parts[2], .bar(length), every: .seconds(1))
        case ("deribit_volatility_index", 2): return self.index(name, parts[1], .volatilityIndex)
        case ("deribit_price_index", 2): return self.index(name, parts[1], .indexPrice)
        case ("instrument", 4) where ["state", "creation"].contains(parts[1]):
            guard ["any", "future", "option"].contains(parts[2]),
                parts[3] == "any" || self.isListed(.deribitPerpetual, parts[3] + "-PERPETUAL")
            else { return nil }
            return Self.topic(name, .deribitPerpetual, nil, .listing)
        case ("platform_state", 1): return Self.topic(name, .deribitPerpetual, nil, .silent)
        default: return nil
        }
    }

    private func sampled(_ name: String, _ symbol: String, _ interval: String, _ kind: StreamKind) -> StreamTopic? {
        let every: Duration? = interval == "100ms" ? .milliseconds(100) : interval == "agg2" ? .seconds(1) : nil
        return every.flatMap { self.instrument(name, symbol, kind, every: $0) }
    }

    private func instrument(
        _ name: String, _ symbol: String, _ kind: StreamKind, every interval: Duration? = nil
    ) -> StreamTopic? {
        let segment = Self.segment(of: symbol)
        guard self.isListed(segment, symbol) else { return nil }
        return Self.topic(name, segment, symbol, kind, interval)
    }

    /// An index is fed by its perpetual.
    private func index(_ name: String, _ index: String, _ kind: StreamKind) -> StreamTopic? {
        guard index.hasSuffix("_usd") else { return nil }
        return self.instrument(name, index.dropLast(4).uppercased() + "-PERPETUAL", kind, every: .seconds(1))
    }

    private static func topic(
        _ name: String, _ segment: MarketSegment, _ symbol: String?, _ kind: StreamKind, _ interval: Duration? = nil
    ) -> StreamTopic {
        var prefix: [UInt8] = []
        prefix.write("{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":")
        prefix.write(quoted: name)
        prefix.write(",\"data\":")
        return StreamTopic(
            name: name, segment: segment, symbol: symbol, kind: kind, prefix: prefix, interval: interval)
    }
}
