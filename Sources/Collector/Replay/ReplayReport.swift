import MarketModel
import OrderBook

/// What a replay found of one instrument, beside what the pipeline counts itself.
struct ReplayTally {
    var key: String
    var crc = ChainedCRC32()
    var crossed: UInt64 = 0
    var buys: UInt64 = 0
    var sells: UInt64 = 0
    var base = WideDecimal()
    var quote = WideDecimal()
    var buyBase = WideDecimal()
    var lastTrade: Trade?

    mutating func mark(_ mark: BookMark, _ scales: DecimalScales) {
        var line = ""
        for level in [mark.bid, mark.ask] {
            line += level.map { FixedPoint.text($0.price, scale: scales.price) } ?? ""
            line += ","
            line += level.map { FixedPoint.text($0.size, scale: scales.size) } ?? ""
            line += ","
        }
        line.removeLast()
        self.crc.update(line + ";")
        if let bid = mark.bid, let ask = mark.ask, bid.price >= ask.price { self.crossed += 1 }
    }

    mutating func take(_ trade: Trade, _ scales: DecimalScales) {
        _ = self.base.add(Int128(trade.size), scale: scales.size)
        _ = self.quote.add(Int128(trade.price) * Int128(trade.size), scale: scales.price + scales.size)
        switch trade.aggressor {
        case .buy:
            self.buys += 1
            _ = self.buyBase.add(Int128(trade.size), scale: scales.size)
        case .sell:
            self.sells += 1
        }
        self.lastTrade = trade
    }
}

/// The document that a reference reader of the same recording is compared with, as JSON text.
struct ReplayReport {
    private static let topLevels = 20
    private var sections: [(key: String, text: String)] = []
    private var sums: [(StaticString, UInt64)] = []

    /// Adds one instrument's answer.
    mutating func add(_ tally: ReplayTally, _ book: borrowing Book, _ trades: TradeSequence, _ scales: DecimalScales) {
        let counts = book.counts
        let isSynced = book.synchronizer.last != nil
        let numbers: [(StaticString, UInt64)] = [
            ("depth_frames", counts.frames), ("applied", counts.applied), ("stale", counts.stale),
            ("gaps", counts.gaps), ("snapshots", counts.snapshots), ("levels", counts.levels),
            ("crossed", tally.crossed), ("trades", trades.taken), ("trade_dups", trades.duplicates),
            ("trade_missing", trades.missing), ("tickers", 0),
        ]
        for (name, value) in numbers { self.addToSum(name, value) }
        self.addToSum("events", counts.snapshots + counts.applied + trades.taken)

        var fields = numbers.map { "\"\($0.0)\":\($0.1)" }
        fields.append("\"stale_snapshots\":\(counts.staleSnapshots)")
        fields.append("\"buys\":\(tally.buys)")
        fields.append("\"sells\":\(tally.sells)")
        fields.append("\"synced\":\(isSynced)")
        fields.append("\"last_id\":\(isSynced ? String(book.venueSequence) : "null")")
        fields.append("\"base_volume\":\"\(tally.base.text)\"")
        fields.append("\"quote_volume\":\"\(tally.quote.text)\"")
        fields.append("\"buy_base_volume\":\"\(tally.buyBase.text)\"")
        fields.append("\"last_trade\":\(Self.lastTrade(tally.lastTrade, scales))")
        fields.append("\"last_ticker\":null")
        fields.append("\"bid_levels\":\(book.bids.count)")
        fields.append("\"ask_levels\":\(book.asks.count)")
        fields.append("\"book_sha256\":\"\(Self.digest(book, scales))\"")
        fields.append("\"bbo_crc32\":\"\(tally.crc.hexadecimal)\"")
        fields.append("\"top_bids\":\(Self.top(book.bids, scales))")
        fields.append("\"top_asks\":\(Self.top(book.asks, scales))")
        self.sections.append((tally.key, "{" + fields.joined(separator: ",") + "}"))
    }

    /// Gives the whole document.
    func json(frames: UInt64, badJSON: UInt64, ignored: UInt64) -> String {
        var totals = self.sums.map { "\"\($0.0)\":\($0.1)" }
        totals.append("\"frames\":\(frames)")
        totals.append("\"bad_json\":\(badJSON)")
        totals.append("\"ignored\":\(ignored)")
        let instruments = self.sections.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.text)" }
        let total = totals.joined(separator: ",")
        return "{\"total\":{\(total)},\"instruments\":{\(instruments.joined(separator: ","))}}\n"
    }

    private mutating func addToSum(_ name: StaticString, _ value: UInt64) {
        let text = "\(name)"
        if let index = self.sums.firstIndex(where: { "\($0.0)" == text }) {
            self.sums[index].1 += value
        } else {
            self.sums.append((name, value))
        }
    }

    private static func lastTrade(_ trade: Trade?, _ scales: DecimalScales) -> String {
        guard let trade else { return "null" }
        let price = FixedPoint.text(trade.price, scale: scales.price)
        let size = FixedPoint.text(trade.size, scale: scales.size)
        let milliseconds = (trade.eventTime.microseconds ?? 0) / 1_000
        let side = trade.aggressor == .buy ? "buy" : "sell"
        return
            "{\"t\":\(trade.sequence),\"p\":\"\(price)\",\"q\":\"\(size)\",\"T\":\(milliseconds),\"side\":\"\(side)\"}"
    }

    private static func digest(_ book: borrowing Book, _ scales: DecimalScales) -> String {
        var digest = SHA256Digest()
        for rank in 0..<book.bids.count { digest.update("b \(Self.line(book.bids.level(atRank: rank), scales))\n") }
        for rank in 0..<book.asks.count { digest.update("a \(Self.line(book.asks.level(atRank: rank), scales))\n") }
        return digest.finish()
    }

    private static func line(_ level: Level, _ scales: DecimalScales) -> String {
        let price = FixedPoint.text(level.price, scale: scales.price)
        return "\(price) \(FixedPoint.text(level.size, scale: scales.size))"
    }

    private static func top(_ side: borrowing BookSide, _ scales: DecimalScales) -> String {
        var rows: [String] = []
        for rank in 0..<min(Self.topLevels, side.count) {
            let level = side.level(atRank: rank)
            let price = FixedPoint.text(level.price, scale: scales.price)
            rows.append("[\"\(price)\",\"\(FixedPoint.text(level.size, scale: scales.size))\"]")
        }
        return "[\(rows.joined(separator: ","))]"
    }
}
