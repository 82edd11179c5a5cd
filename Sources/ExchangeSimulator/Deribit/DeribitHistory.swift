extension ExchangeCore {
    private static let hour: Int64 = 3_600_000
    private static let rowsMax: Int64 = 1_000

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
        first = max(first, 1)
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
    func deribitVolatility(_ parameters: DeribitParameters) throws(DeribitError) -> [UInt8] {
        let resolution = parameters.text("resolution").flatMap { $0 == "1D" ? 86_400 : Int64($0) }
        guard let currency = parameters.text("currency"), let (start, end) = Self.range(parameters),
            let seconds = resolution ?? parameters.integer("resolution"),
            [1, 60, 3_600, 43_200, 86_400].contains(seconds),
            let market = self.generated[.deribitPerpetual]?["\(currency)-PERPETUAL"]
        else { throw .invalidParameters }
        let step = seconds * 1000
        let last = end / step * step
        let first = max((start + step - 1) / step * step, last - (Self.rowsMax - 1) * step)
        var text: [UInt8] = []
        text.write("{\"data\":[")
        for (index, time) in stride(from: first, through: last, by: Int(step)).enumerated() {
            let open = market.source.volatility(at: time)
            let close = market.source.volatility(at: time + step)
            text.write(index == 0 ? "[\(time)" : ",[\(time)")
            for value in [open, max(open, close) + 7, min(open, close) - 9, close] {
                text.write(",")
                text.write(shortest: value, decimals: 2, keepsPoint: true)
            }
            text.write("]")
        }
        text.write(first - step >= start ? "],\"continuation\":\(first - step)}" : "],\"continuation\":null}")
        return text
    }

    /// Bars in parallel lists.
    func deribitChart(_ parameters: DeribitParameters, at now: Int64) throws(DeribitError) -> [UInt8] {
        let (market, messages) = try self.deribitMarket(parameters)
        guard let (start, end) = Self.range(parameters), let length = DeribitTopics.bars[Self.resolution(parameters)]
        else { throw .invalidParameters }
        let last = min(end, now) / length * length
        let first = max(start / length * length, last - 4_999 * length)
        let bars = first <= last ? market.log.bars(from: first, through: last, length: length, until: now) : []
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
        let last = end / Self.hour * Self.hour
        let first = max((start + Self.hour - 1) / Self.hour * Self.hour, last - 743 * Self.hour)
        var text: [UInt8] = []
        text.write("[")
        for (index, time) in stride(from: first, through: last, by: Int(Self.hour)).enumerated() {
            let rate = market.source.settledRate(at: time)
            text.write(index == 0 ? "{" : ",{")
            text.write("\"timestamp\":\(time),\"prev_index_price\":")
            messages.writePrice(market.market.symbol.startTicks, into: &text)
            text.write(",\"interest_8h\":")
            text.write(shortest: rate, decimals: 8, keepsPoint: true)
            text.write(",\"interest_1h\":")
            text.write(shortest: rate / 8, decimals: 8, keepsPoint: true)
            text.write(",\"index_price\":")
            messages.writePrice(market.market.symbol.startTicks, into: &text)
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
