/// What OKX's channels carry and on which connection.
///
/// Source: <https://www.okx.com/docs-v5/en/#order-book-trading-market-data> as of 2026-08.
struct OKXTopics {
    /// Lengths of the bars that open at whole multiples of UTC, by name.
    static let bars: [String: Int64] = [
        "1s": 1_000, "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000, "1H": 3_600_000,
        "2H": 7_200_000, "4H": 14_400_000, "6Hutc": 21_600_000, "12Hutc": 43_200_000, "1Dutc": 86_400_000,
    ]

    let path: OKXPath
    let pace: SimulatorPace
    /// Whether an instrument is listed.
    let isListed: (MarketSegment, String) -> Bool

    static func segment(of instrument: String) -> MarketSegment {
        instrument.hasSuffix("-SWAP") ? .okxSwap : .okxSpot
    }

    /// The stream; `nil` where the venue has none of this name on this connection.
    func topic(_ argument: OKXRequest.Argument) -> StreamTopic? {
        self.path == .business ? self.businessTopic(argument) : self.mainTopic(argument)
    }

    private func businessTopic(_ argument: OKXRequest.Argument) -> StreamTopic? {
        if argument.channel == "trades-all" { return self.instrument(argument, .trade) }
        guard argument.channel.hasPrefix("candle"), let length = Self.bars[String(argument.channel.dropFirst(6))] else {
            return nil
        }
        return self.instrument(argument, .bar(length), every: .seconds(1))
    }

    private func mainTopic(_ argument: OKXRequest.Argument) -> StreamTopic? {
        switch argument.channel {
        case "books": self.instrument(argument, .book)
        case "bbo-tbt": self.instrument(argument, .bestPrices)
        case "trades": self.instrument(argument, .aggregateTrade)
        case "tickers": self.instrument(argument, .ticker, every: .milliseconds(100))
        case "mark-price": self.swap(argument, .markPrice, every: .milliseconds(200))
        case "funding-rate": self.swap(argument, .funding, every: self.pace.funding)
        case "open-interest": self.swap(argument, .openInterest, every: .seconds(3))
        case "index-tickers": self.index(argument)
        case "liquidation-orders": self.whole(argument, .liquidation)
        case "instruments": self.whole(argument, .listing)
        default: nil
        }
    }

    private func instrument(
        _ argument: OKXRequest.Argument, _ kind: StreamKind, every interval: Duration? = nil
    ) -> StreamTopic? {
        guard let symbol = argument.instId else { return nil }
        let segment = Self.segment(of: symbol)
        guard self.isListed(segment, symbol) else { return nil }
        return self.topic(argument, segment, symbol, kind, interval)
    }

    private func swap(_ argument: OKXRequest.Argument, _ kind: StreamKind, every interval: Duration) -> StreamTopic? {
        guard let symbol = argument.instId, Self.segment(of: symbol) == .okxSwap else { return nil }
        return self.instrument(argument, kind, every: interval)
    }

    /// An index is named like a spot pair; an instrument of that pair feeds it.
    private func index(_ argument: OKXRequest.Argument) -> StreamTopic? {
        guard let index = argument.instId else { return nil }
        let interval = Duration.milliseconds(100)
        if self.isListed(.okxSwap, index + "-SWAP") {
            return self.topic(argument, .okxSwap, index + "-SWAP", .indexPrice, interval)
        }
        return self.isListed(.okxSpot, index) ? self.topic(argument, .okxSpot, index, .indexPrice, interval) : nil
    }

    private func whole(_ argument: OKXRequest.Argument, _ kind: StreamKind) -> StreamTopic? {
        guard argument.instId == nil else { return nil }
        return switch argument.instType {
        case "SWAP": self.topic(argument, .okxSwap, nil, kind, nil)
        case "SPOT" where kind == .listing: self.topic(argument, .okxSpot, nil, kind, nil)
        default: nil
        }
    }

    private func topic(
        _ argument: OKXRequest.Argument, _ segment: MarketSegment, _ symbol: String?, _ kind: StreamKind,
        _ interval: Duration?
    ) -> StreamTopic {
        var prefix: [UInt8] = []
        prefix.write("{\"arg\":")
        argument.write(into: &prefix)
        return StreamTopic(
            name: argument.name, segment: segment, symbol: symbol, kind: kind, prefix: prefix, interval: interval)
    }
}
