internal import Transport

extension ExchangeCore {
    private static let hour: Int64 = 3_600_000
    private static let month: Int64 = 30 * 86_400_000
    /// What COIN-M's bars may span.
    private static let coinmSpan: Int64 = 200 * 86_400_000

    /// Bars by their opening times, oldest first: from a start on, or up to an end, or the latest; on COIN-M always the
    /// latest of what is asked for.
    func binanceKlines(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        let edges = try Self.binanceEdges(request, market, segment, at: now)
        return Self.list(market.log.bars(edges, until: now)) { messages.klineRow($0, into: &$1) }
    }

    /// Bars of the mark price, paged as those of trades are.
    func binanceMarkKlines(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        let edges = try Self.binanceEdges(request, market, segment, at: now)
        return Self.list(Array(zip(edges, edges.dropFirst()))) { edge, text in
            messages.markRow(market.log.past.markBar(from: edge.0, to: edge.1, until: now), end: edge.1, into: &text)
        }
    }

    private static func binanceEdges(
        _ request: HTTPRequest, _ market: GeneratedMarket, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [Int64] {
        guard let interval = request.query("interval") else { throw .missing("interval") }
        guard let named = StreamName.grid(interval), interval != "1s" || segment == .spot else { throw .badInterval }
        let grid = market.grid(named)
        let start = Self.time(request, "startTime")
        let end = Self.time(request, "endTime")
        if segment == .coinm, let start, let end, end - start > Self.coinmSpan { throw .tooLong }
        let oldest = grid.start(of: market.log.past.from)
        return RowPage(
            first: max(start ?? oldest, oldest), last: min(end ?? now, now),
            limit: Self.limit(request, usual: 500, most: segment == .spot ? 1_000 : 1_500),
            keepsOldest: start != nil && segment != .coinm
        ).edges(grid)
    }

    /// Trades oldest first: from an id on, of a time, or the latest.
    ///
    /// Futures serve what was put together for a day and single trades for a month; what is asked for before that begins there.
    func binanceTrades(
        _ endpoint: BinanceEndpoint, _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        if endpoint == .historicalTrades, segment.isFutures, request.header("X-MBX-APIKEY") == nil { throw .noKey }
        let log = market.log
        let limit = Self.limit(
            request, usual: endpoint == .historicalTrades && segment.isFutures ? 100 : 500,
            most: endpoint == .historicalTrades && segment.isFutures ? 500 : 1_000)
        let served = self.servedTrades(endpoint, segment, log, at: now)
        var trades = log.trades(upTo: log.lastID, limit: limit)
        let id = request.query("fromId").flatMap { UInt64($0) }
        let (start, end) = (Self.time(request, "startTime"), Self.time(request, "endTime"))
        if endpoint == .aggTrades, segment.isFutures {
            if id != nil, start != nil || end != nil { throw .badCombination }
            if let start, let end, end - start >= Self.hour { throw .tooLong }
        }
        if endpoint != .trades, let id {
            let first = max(id, served)
            trades = first <= log.lastID ? log.trades(first...log.lastID, limit: limit) : []
        } else if endpoint == .aggTrades, start != nil || end != nil {
            let last = end.map { log.firstID(from: $0 + 1) &- 1 } ?? log.lastID
            if let start {
                let first = max(log.firstID(from: start), served)
                trades = first <= last ? log.trades(first...last, limit: limit) : []
            } else {
                trades = log.trades(upTo: last, limit: limit).filter { $0.print.id >= served }
            }
        }
        return Self.list(trades) {
            if endpoint == .aggTrades {
                messages.aggregateRow($0, into: &$1)
            } else {
                messages.tradeRow($0, into: &$1)
            }
        }
    }

    /// The id of the oldest trade that an endpoint still serves.
    private func servedTrades(
        _ endpoint: BinanceEndpoint, _ segment: MarketSegment, _ log: TradeLog, at now: Int64
    ) -> UInt64 {
        guard segment.isFutures, self.configuration.past.keepsRetention else { return log.ids.lowerBound }
        return log.firstID(from: now - (endpoint == .aggTrades ? 24 * Self.hour : Self.month))
    }

    /// What was charged at settlements, oldest first; the last 200 where no time is asked for.
    func binanceFundingRate(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        let past = market.log.past
        let (start, end) = (Self.time(request, "startTime"), Self.time(request, "endTime"))
        let times = RowPage(
            first: max(start ?? 0, past.from), last: min(end ?? now, now),
            limit: Self.limit(request, usual: start == nil && end == nil ? 200 : 100, most: 1_000),
            keepsOldest: start != nil
        ).times(.every(past.fundingPeriod))
        return Self.list(times) { time, text in
            text.write("{\"symbol\":")
            text.write(quoted: messages.symbol.symbol)
            text.write(",\"fundingTime\":\(time),\"fundingRate\":")
            text.write(units: past.settledRate(at: time), decimals: 8)
            text.write(",\"markPrice\":")
            text.write(units: past.mark(at: time), decimals: messages.symbol.priceDecimals + 2, width: 8)
            text.write("}")
        }
    }

    /// Who is long and who is short, or how much is held, oldest first: the latest of what is asked for, of thirty days.
    func binanceStatistic(
        _ endpoint: BinanceEndpoint, _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let key = segment == .coinm ? "pair" : "symbol"
        guard let name = request.query(key) else { throw .missing(key) }
        let isInterest = endpoint == .openInterestHistory
        if segment == .coinm, isInterest {
            guard let type = request.query("contractType") else { throw .missing("contractType") }
            guard ["ALL", "PERPETUAL"].contains(type) else { throw .badContract }
        }
        guard let period = request.query("period"), let grid = StreamName.statisticGrid(period) else {
            throw .missing("period")
        }
        let found = self.symbols(of: segment).first { (segment == .coinm ? $0.pair : $0.symbol) == name }
        guard let symbol = found, let market = self.generated[segment]?[symbol.symbol] else { throw .unknownSymbol }
        let start = Self.time(request, "startTime")
        let keeps = self.configuration.past.keepsRetention
        if keeps, let start, start < now - Self.month { throw .invalid("startTime") }
        let past = market.log.past
        let times = RowPage(
            first: max(start ?? 0, past.from, keeps ? now - Self.month : 0),
            last: min(Self.time(request, "endTime") ?? now, now), limit: Self.limit(request, usual: 30, most: 500),
            keepsOldest: false
        ).times(grid)
        let messages = BinanceMessages(segment: segment, symbol: symbol)
        return Self.list(times) { time, text in
            if isInterest {
                messages.interestRow(past, at: time, into: &text)
            } else {
                messages.ratioRow(endpoint, past, at: time, into: &text)
            }
        }
    }

    // MARK: Parameters and lists

    static func limit(_ request: HTTPRequest, usual: Int, most: Int) -> Int {
        min(max(request.query("limit").flatMap { Int($0) } ?? usual, 1), most)
    }

    /// A time of the query in milliseconds, where it is one.
    static func time(_ request: HTTPRequest, _ key: String) -> Int64? {
        request.query(key).flatMap { Int64($0) }.flatMap { (0...4_102_444_800_000).contains($0) ? $0 : nil }
    }

    static func list<Element>(_ elements: [Element], _ write: (Element, inout [UInt8]) -> Void) -> [UInt8] {
        var text: [UInt8] = []
        text.write("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { text.write(",") }
            write(element, &text)
        }
        text.write("]")
        return text
    }
}

extension StreamName {
    /// When the bars of an interval open; `nil` for one that the venue has not.
    static func grid(_ interval: String) -> BarGrid? {
        switch interval {
        case "3d": .every(3 * PastMarket.day)
        case "1w": .weeks()
        case "1M": .month
        default: Self.bars[interval].map { .every($0) }
        }
    }

    /// When the periods of statistics end.
    static func statisticGrid(_ period: String) -> BarGrid? {
        guard ["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"].contains(period) else { return nil }
        return Self.grid(period)
    }
}
