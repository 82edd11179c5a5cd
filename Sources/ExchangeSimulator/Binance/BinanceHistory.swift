internal import Transport

extension ExchangeCore {
    /// Bars by their opening times, oldest first: from a start on, or up to an end, or the latest.
    func binanceKlines(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        guard let interval = request.query("interval") else { throw .missing("interval") }
        guard let named = StreamName.bars[interval] else { throw .badInterval }
        let length = market.barLength(named)
        let limit = Self.limit(request, usual: 500, most: segment == .spot ? 1_000 : 1_500)
        let newest = min(Self.time(request, "endTime") ?? now, now) / length * length
        var first = newest - Int64(limit - 1) * length
        var last = newest
        if let start = Self.time(request, "startTime") {
            first = (start + length - 1) / length * length
            last = min(newest, first + Int64(limit - 1) * length)
        }
        first = max(first, 0)
        let bars = first <= last ? market.log.bars(from: first, through: last, length: length, until: now) : []
        return Self.list(bars) { messages.klineRow($0, into: &$1) }
    }

    /// Trades oldest first: from an id on, of a time, or the latest.
    func binanceTrades(
        _ endpoint: BinanceEndpoint, _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        if endpoint == .historicalTrades, segment.isFutures, request.header("X-MBX-APIKEY") == nil { throw .noKey }
        let log = market.log
        let limit = Self.limit(
            request, usual: endpoint == .historicalTrades && segment.isFutures ? 100 : 500,
            most: endpoint == .historicalTrades && segment.isFutures ? 500 : 1_000)
        var trades = log.trades(upTo: log.lastID, limit: limit)
        if endpoint != .trades, let id = request.query("fromId").flatMap({ UInt64($0) }) {
            let first = max(id, 1)
            trades = first <= log.lastID ? log.trades(first...log.lastID, limit: limit) : []
        } else if endpoint == .aggTrades {
            let start = Self.time(request, "startTime")
            let end = Self.time(request, "endTime")
            let last = end.map { log.firstID(from: $0 + 1) &- 1 } ?? log.lastID
            if let start {
                let first = log.firstID(from: start)
                trades = first <= last ? log.trades(first...last, limit: limit) : []
            } else if end != nil {
                trades = log.trades(upTo: last, limit: limit)
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

    /// What was charged at settlements, oldest first; the last 200 where no time is asked for.
    func binanceFundingRate(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        let period = market.source.fundingPeriod
        let limit = Self.limit(request, usual: 100, most: 1_000)
        var last = min(Self.time(request, "endTime") ?? now, now) / period * period
        var first = last - Int64(limit - 1) * period
        if let start = Self.time(request, "startTime") {
            first = (start + period - 1) / period * period
            last = min(last, first + Int64(limit - 1) * period)
        }
        return Self.list(Array(stride(from: max(first, 0), through: last, by: Int(period)))) { time, text in
            text.write("{\"symbol\":")
            text.write(quoted: messages.symbol.symbol)
            text.write(",\"fundingTime\":\(time),\"fundingRate\":")
            text.write(units: market.source.settledRate(at: time), decimals: 8)
            text.write(",\"markPrice\":")
            messages.writePrice(messages.symbol.startTicks, into: &text)
            text.write("}")
        }
    }

    /// Who is long and who is short, oldest first; the periods of thirty days.
    func binanceRatio(
        _ endpoint: BinanceEndpoint, _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let key = segment == .coinm ? "pair" : "symbol"
        guard let name = request.query(key) else { throw .missing(key) }
        guard let step = request.query("period").flatMap({ StreamName.bars[$0] }), step >= 300_000 else {
            throw .missing("period")
        }
        let found = self.symbols(of: segment).first { (segment == .coinm ? $0.pair : $0.symbol) == name }
        guard let symbol = found, let market = self.generated[segment]?[symbol.symbol] else { throw .unknownSymbol }
        let limit = Self.limit(request, usual: 30, most: 500)
        let last = min(Self.time(request, "endTime") ?? now, now) / step * step
        let start = Self.time(request, "startTime").map { ($0 + step - 1) / step * step }
        let oldest = (now - 30 * 86_400_000 + step - 1) / step * step
        let first = max(start ?? last - Int64(limit - 1) * step, last - Int64(limit - 1) * step, oldest)
        let kind = endpoint == .accountRatio ? 0 : endpoint == .topAccountRatio ? 1 : 2
        let noun = segment == .coinm && endpoint == .topPositionRatio ? "Position" : "Account"
        return Self.list(Array(stride(from: first, through: last, by: Int(step)))) { time, text in
            let share = market.source.longShare(kind, at: time)
            text.write("{\"\(key)\":")
            text.write(quoted: name)
            text.write(",\"long\(noun)\":")
            text.write(units: share, decimals: 4)
            text.write(",\"longShortRatio\":")
            text.write(units: share * 10_000 / (10_000 - share), decimals: 4)
            text.write(",\"short\(noun)\":")
            text.write(units: 10_000 - share, decimals: 4)
            text.write(",\"timestamp\":\(time)}")
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
