/// What a stream's name asks for: `btcusdt@depth@100ms`.
struct StreamName: Equatable {
    enum Kind: Equatable {
        case depth, trade, aggregateTrade, bookTicker
        /// A stream that the venue may have and the simulator does not send.
        case silent
    }

    let symbol: String
    let kind: Kind

    init(_ name: some StringProtocol) {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        self.symbol = String(parts[0])
        switch parts.count > 1 ? parts[1] : "" {
        case "depth", "depth@0ms", "depth@100ms", "depth@500ms", "depth@1000ms", "depth@250ms": self.kind = .depth
        case "trade": self.kind = .trade
        case "aggTrade": self.kind = .aggregateTrade
        case "bookTicker": self.kind = .bookTicker
        default: self.kind = .silent
        }
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

    func serves(_ kind: StreamName.Kind) -> Bool {
        switch kind {
        case .depth, .bookTicker: self.servesBooks
        case .trade, .aggregateTrade: self.servesTrades
        case .silent: false
        }
    }
}
