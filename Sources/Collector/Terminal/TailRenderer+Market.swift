/// Prices, rates and bars beside trades and books.
extension TailRenderer {
    func mark(_ message: TailMessage) -> String {
        self.cut(
            "\(self.head(message, "mark")) \(message.text("mark") ?? "-"), index \(message.text("index") ?? "-")", nil)
    }

    func funding(_ message: TailMessage) -> String {
        var text = "\(self.head(message, "fund")) \(message.text("rate") ?? "-")"
        if message.text("accrual") == "continuous" { text += " continuous" }
        if let time = message.number("funding_us") { text += " at \(Self.clock(time).prefix(8))" }
        if let interval = message.number("interval_us") { text += " every \(Self.length(interval))" }
        if let settled = message.text("settled_rate") { text += ", settled \(settled)" }
        if message.flag("backfilled") { text += ", backfilled" }
        return self.cut(text, nil)
    }

    func openInterest(_ message: TailMessage) -> String {
        var text = "\(self.head(message, "open")) \(message.text("amount") ?? "-") \(message.text("unit") ?? "")"
        if let amount = message.text("base_amount") { text += ", \(amount) base" }
        if let value = message.text("value_usd") { text += ", \(value) USD" }
        return self.cut(text, nil)
    }

    func liquidation(_ message: TailMessage) -> String {
        let position = message.text("position") ?? "-"
        var text =
            "\(self.head(message, "liq")) \(TerminalText.fitted(position, to: 5)) \(message.text("size") ?? "-") "
            + "\(message.text("unit") ?? "") @ \(message.text("price") ?? "-") (\(message.text("price_kind") ?? "-"))"
        if let id = message.text("id") { text += "  id \(id)" }
        if message.flag("sampled") { text += " sampled" }
        // A long is closed by a sale.
        return self.cut(text, position == "long" ? .red : position == "short" ? .green : nil)
    }

    /// - Parameter counted: What is counted on both sides.
    func ratio(_ message: TailMessage, _ counted: String) -> String {
        var text = "\(self.head(message, "lsr")) \(counted) \(message.text("ratio") ?? "-")"
        if let long = message.text("long") { text += ", long \(long)" }
        if let short = message.text("short") { text += ", short \(short)" }
        if let period = message.number("period_us") { text += ", over \(Self.length(period))" }
        return self.cut(text, nil)
    }

    func volatility(_ message: TailMessage) -> String {
        var text = self.head(message, "vol")
        if let resolution = message.number("resolution_us") {
            text += " \(Self.length(resolution)) \(Self.bar(message))"
        } else {
            text += " \(message.text("close") ?? "-")"
        }
        return self.cut(text, nil)
    }

    func kline(_ message: TailMessage) -> String {
        var text = "\(self.head(message, "kline")) \(message.text("interval") ?? "-")"
        if let opening = message.number("open_us") { text += " from \(Self.clock(opening).prefix(8))" }
        text += " \(Self.bar(message))"
        for unit in ["base", "quote", "contract"] {
            if let volume = message.text("\(unit)_volume") { text += ", \(volume) \(unit)" }
        }
        if let count = message.text("trade_count") { text += ", \(count) trades" }
        if message.flag("closed") { text += ", closed" }
        if message.flag("confirmed") { text += ", confirmed" }
        if message.flag("backfilled") { text += ", backfilled" }
        return self.cut(text, message.flag("closed") ? .bold : nil)
    }

    private static func bar(_ message: TailMessage) -> String {
        "\(message.text("open") ?? "-") > \(message.text("close") ?? "-") in "
            + "\(message.text("low") ?? "-")..\(message.text("high") ?? "-")"
    }

    private static func length(_ microseconds: Int64) -> String {
        HumanNumber.duration(Duration.microseconds(microseconds))
    }
}
