/// What a stream's name asks for: `btcusdt@depth@100ms`.
struct StreamName: Equatable {
    let text: String
    let symbol: String
    let kind: StreamKind
    private let interval: Duration?

    /// Lengths of bars in milliseconds, by the name of the interval.
    static let bars: [String: Int64] = [
        "1s": 1_000, "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000, "1h": 3_600_000,
        "2h": 7_200_000, "4h": 14_400_000, "6h": 21_600_000, "8h": 28_800_000, "12h": 43_200_000, "1d": 86_400_000,
    ]

    init(_ name: some StringProtocol) {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        self.text = String(name)
        self.symbol = String(parts[0])
        let kind = parts.count > 1 ? parts[1] : ""
        var interval: Duration?
        switch kind {
        case "depth", "depth@0ms", "depth@100ms", "depth@500ms", "depth@1000ms", "depth@250ms": self.kind = .book
        case "trade": self.kind = .trade
        case "aggTrade": self.kind = .aggregateTrade
        case "bookTicker": self.kind = .bestPrices
        case "markPrice", "markPrice@1s":
            self.kind = .markPrice
            interval = .seconds(kind == "markPrice" ? 3 : 1)
        case "forceOrder": self.kind = .liquidation
        case "arr" where self.symbol == "!forceOrder": self.kind = .liquidation
        case "" where self.symbol == "!contractInfo": self.kind = .listing
        default:
            if kind.hasPrefix("kline_"), let length = Self.bars[String(kind.dropFirst(6))] {
                self.kind = .bar(length)
            } else {
                self.kind = .silent
            }
        }
        self.interval = interval
    }

    /// Whether it is about every instrument.
    private var isOfAll: Bool { self.symbol.hasPrefix("!") }

    /// The stream, where the venue has one of this name and the path serves it.
    func topic(_ segment: MarketSegment, _ path: StreamPath) -> StreamTopic? {
        guard path.serves(self.kind) else { return nil }
        let symbol = self.symbol.uppercased()
        guard self.isOfAll || self.symbol == symbol.lowercased() else { return nil }
        var interval = self.interval
        switch self.kind {
        case .markPrice, .liquidation, .listing:
            guard segment.isFutures else { return nil }
        case .bar(let length):
            // Futures have no bars of a second; spot's others come every two.
            guard length > 1_000 || segment == .spot else { return nil }
            interval = segment.isFutures ? .milliseconds(250) : .seconds(length == 1_000 ? 1 : 2)
        default: break
        }
        var prefix: [UInt8] = []
        prefix.write("{\"stream\":")
        prefix.write(quoted: self.text)
        prefix.write(",\"data\":")
        return StreamTopic(
            name: self.text, segment: segment, symbol: self.isOfAll ? nil : symbol, kind: self.kind, prefix: prefix,
            interval: interval)
    }
}

/// Which streams a WebSocket path serves.
///
/// USD-M has two kinds of paths; the old ones without a kind serve only books
/// (<https://developers.binance.com/docs/derivatives/change-log>, 2026-04-23).
struct StreamPath: Equatable {
    let isCombined: Bool
    /// Streams named by the address itself.
    let streams: [String]
    private let servesBooks: Bool
    private let servesTrades: Bool

    /// Reads the address of a WebSocket request; `nil` where no stream can be served.
    ///
    /// - Parameter splitsCoinm: Whether COIN-M keeps books and trades apart, as USD-M does.
    init?(segment: MarketSegment, path: String, streamsQuery: String?, splitsCoinm: Bool = false) {
        let isSplit = segment == .usdm || (segment == .coinm && splitsCoinm)
        var parts = path.split(separator: "/").map(String.init)[...]
        // USD-M's old paths still serve books.
        var servesBooks = !isSplit || segment == .usdm
        var servesTrades = !isSplit
        if segment.isFutures, let kind = parts.first, kind == "public" || kind == "market" {
            parts.removeFirst()
            servesBooks = !isSplit || kind == "public"
            servesTrades = !isSplit || kind == "market"
        }
        switch parts.first {
        case "ws":
            self.isCombined = false
            self.streams = Array(parts.dropFirst())
        case "stream" where parts.count == 1:
            self.isCombined = true
            self.streams = (streamsQuery ?? "").split(separator: "/").map(String.init)
        default: return nil
        }
        self.servesBooks = servesBooks
        self.servesTrades = servesTrades
    }

    func serves(_ kind: StreamKind) -> Bool {
        switch kind {
        case .book, .bestPrices: self.servesBooks
        case .silent: false
        default: self.servesTrades
        }
    }
}
