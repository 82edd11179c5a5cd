internal import Transport

extension ExchangeCore {
    private static let hour: Int64 = 3_600_000
    private static let rowsMax = 1_000

    /// Trades by sequence or by time, the newest first unless asked otherwise.
    func deribitTrades(_ parameters: DeribitParameters) throws(DeribitError) -> [UInt8] {
        let (market, messages) = try self.deribitMarket(parameters)
        let log = market.log
        let count = parameters.integer("count") ?? 10
        guard (1...1_000).contains(count) else { throw .invalidParameters }
        var first = parameters.integer("start_seq").flatMap { UInt64(exactly: $0) } ?? 1
        var last = parameters.integer("end_seq").flatMap { UInt64(exactly: $0) } ?? log.lastID
        if let start = parameters.integer("start_timestamp") { first = max(first, log.firstID(from: start)) }
        if let end = parameters.integer("end_timestamp"), end < .max {
            last = min(last, log.firstID(from: end + 1) &- 1)
        }
        first = max(first, log.ids.lowerBound)
        last = min(last, log.lastID)
        var trades: [TimedPrint] = []
        var hasMore = false
        if first <= last {
            hasMore = last - first >= UInt64(count)
            let isAscending = parameters.text("sorting") == "asc"
            if isAscending {
                trades = log.trades(first...last, limit: Int(count))
            } else {
                let lowest = hasMore ? last - UInt64(count) + 1 : first
                trades = log.trades(lowest...last, limit: Int(count)).reversed()
            }
        }
        var text: [UInt8] = []
        text.write("{\"trades\":[")
        for (index, trade) in trades.enumerated() {
            if index > 0 { text.write(",") }
            messages.write(trade, into: &text)
        }
        text.write("],\"has_more\":\(hasMore)}")
        return text
    }

    /// Rows of `[ts,o,h,l,c]`, and where the next page ends.
    func deribitVolatility(_ parameters: DeribitParameters, at now: Int64) throws(DeribitError) -> [UInt8] {
        let resolution = parameters.text("resolution").flatMap { $0 == "1D" ? 86_400 : Int64($0) }
        guard let currency = parameters.text("currency"), let (start, end) = Self.range(parameters),
            let seconds = resolution ?? parameters.integer("resolution"),
            [1, 60, 3_600, 43_200, 86_400].contains(seconds),
            let market = self.generated[.deribitPerpetual]?["\(currency)-PERPETUAL"]
        else { throw .invalidParameters }
        let step = seconds * 1000
        let past = market.log.past
        let oldest = max(start, past.from)
        let times = RowPage(first: oldest, last: min(end, now), limit: Self.rowsMax, keepsOldest: false)
            .times(.every(step))
        var text: [UInt8] = []
        text.write("{\"data\":[")
        for (index, time) in times.enumerated() {
            let bar = past.volatilityBar(from: time, to: time + step, until: now)
            text.write(index == 0 ? "[\(time)" : ",[\(time)")
            for value in [bar.open, bar.high, bar.low, bar.close] {
                text.write(",")
                text.write(shortest: value, decimals: 2, keepsPoint: true)
            }
            text.write("]")
        }
        let next = times.first.map { $0 - step }.flatMap { $0 >= oldest ? $0 : nil }
        text.write(next.map { "],\"continuation\":\($0)}" } ?? "],\"continuation\":null}")
        return text
    }

    /// Bars in parallel lists.
    func deribitChart(_ parameters: DeribitParameters, at now: Int64) throws(DeribitError) -> [UInt8] {
        let (market, messages) = try self.deribitMarket(parameters)
        guard let (start, end) = Self.range(parameters), let length = DeribitTopics.bars[Self.resolution(parameters)]
        else { throw .invalidParameters }
        // The bar in which the range begins belongs to it.
        let edges = RowPage(
            first: max(start, market.log.past.from) / length * length, last: min(end, now), limit: 5_000,
            keepsOldest: false
        ).edges(.every(length))
        let bars = market.log.bars(edges, until: now)
        var text: [UInt8] = []
        func list(_ key: String, _ write: (Bar, inout [UInt8]) -> Void) {
            text.write(",\"\(key)\":[")
            for (index, bar) in bars.enumerated() {
                if index > 0 { text.write(",") }
                write(bar, &text)
            }
            text.write("]")
        }
        text.write("{\"status\":\"\(bars.isEmpty ? "no_data" : "ok")\"")
        list("ticks") { $1.write($0.start) }
        list("open") { messages.writePrice($0.open, into: &$1) }
        list("high") { messages.writePrice($0.high, into: &$1) }
        list("low") { messages.writePrice($0.low, into: &$1) }
        list("close") { messages.writePrice($0.close, into: &$1) }
        list("volume") { messages.writeVolume($0, into: &$1) }
        list("cost") { messages.writeCost($0, into: &$1) }
        text.write("}")
        return text
    }

    /// One row an hour, at most those of a month.
    func deribitFunding(_ parameters: DeribitParameters) throws(DeribitError) -> [UInt8] {
        let (market, messages) = try self.deribitMarket(parameters)
        guard let (start, end) = Self.range(parameters), market.market.segment == .deribitPerpetual else {
            throw .invalidParameters
        }
        let past = market.log.past
        let times = RowPage(
            first: max(start, past.from), last: min(end, LoopClock.wallMicroseconds() / 1000), limit: 744,
            keepsOldest: false
        ).times(.every(Self.hour))
        var text: [UInt8] = []
        text.write("[")
        for (index, time) in times.enumerated() {
            let rate = past.settledRate(at: time)
            text.write(index == 0 ? "{" : ",{")
            text.write("\"timestamp\":\(time),\"prev_index_price\":")
            messages.writeFine(past.mark(at: time - Self.hour), into: &text)
            text.write(",\"interest_8h\":")
            text.write(shortest: rate, decimals: 8, keepsPoint: true)
            text.write(",\"interest_1h\":")
            text.write(shortest: rate / 8, decimals: 8, keepsPoint: true)
            text.write(",\"index_price\":")
            messages.writeFine(past.mark(at: time), into: &text)
            text.write("}")
        }
        text.write("]")
        return text
    }

    private static func resolution(_ parameters: DeribitParameters) -> String {
        parameters.text("resolution") ?? parameters.integer("resolution").map { String($0) } ?? ""
    }

    /// The times asked for, where they are times.
    private static func range(_ parameters: DeribitParameters) -> (start: Int64, end: Int64)? {
        guard let start = parameters.integer("start_timestamp"), let end = parameters.integer("end_timestamp"),
            (0...4_102_444_800_000).contains(start), (0...4_102_444_800_000).contains(end), start <= end
        else { return nil }
        return (start, end)
    }
}
