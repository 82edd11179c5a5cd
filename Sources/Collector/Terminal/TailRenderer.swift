package import Foundation

/// Draws what a subscriber receives as lines for people.
package struct TailRenderer: Sendable {
    package var columns: Int
    package var style: TerminalStyle
    /// Levels a side of a ladder.
    package var levels: Int

    package init(columns: Int = 100, style: TerminalStyle, levels: Int = 10) {
        self.columns = min(max(columns, 40), 400)
        self.style = style
        self.levels = min(max(levels, 1), 1_000)
    }

    /// The lines of one message: one, or a ladder for an `orderbook`.
    package func lines(subject: String, payload: Data) -> [String] {
        guard let message = TailMessage(payload: payload), let type = message.text("type") else {
            let name = TerminalText.escaped(subject, limit: 256)
            return [self.cut("\(name): \(payload.count) bytes that are no message of schema version 1", .yellow)]
        }
        switch type {
        case "orderbook": return self.ladder(message)
        case "trade": return [self.trade(message)]
        case "bbo": return [self.quote(message)]
        case "mark_price": return [self.mark(message)]
        case "funding_rate": return [self.funding(message)]
        case "open_interest": return [self.openInterest(message)]
        case "liquidation": return [self.liquidation(message)]
        case "lsr_top_position": return [self.ratio(message, "top positions")]
        case "lsr_top_account": return [self.ratio(message, "top accounts")]
        case "lsr_all_account": return [self.ratio(message, "all accounts")]
        case "volatility_index": return [self.volatility(message)]
        case "kline": return [self.kline(message)]
        case "orderbook_delta": return [self.delta(message)]
        case "instrument": return [self.instrument(message)]
        case "status": return [self.status(message)]
        case "gap": return [self.gap(message)]
        case "heartbeat": return [self.heartbeat(message)]
        default: return [self.cut("\(self.head(message, type)) (\(payload.count) bytes)", nil)]
        }
    }

    /// The message as one line of JSON for a pipe: as received, but without line breaks.
    package static func json(payload: Data) -> String {
        String(decoding: payload.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }

    private func trade(_ message: TailMessage) -> String {
        let side = message.text("side") ?? "-"
        var text =
            "\(self.head(message, "trade")) \(TerminalText.fitted(side, to: 4)) "
            + "\(message.text("size") ?? "-") \(message.text("unit") ?? "") @ \(message.text("price") ?? "-")"
            + "  id \(message.text("id") ?? "-")"
        if message.flag("aggregated") { text += " aggregated" }
        if message.flag("backfilled") { text += " backfilled" }
        return self.cut(text, side == "buy" ? .green : side == "sell" ? .red : nil)
    }

    private func quote(_ message: TailMessage) -> String {
        self.cut(
            "\(self.head(message, "bbo")) \(message.text("bid") ?? "-") x \(message.text("bid_size") ?? "-")  |  "
                + "\(message.text("ask") ?? "-") x \(message.text("ask_size") ?? "-")", nil)
    }

    private func delta(_ message: TailMessage) -> String {
        self.cut(
            "\(self.head(message, "delta")) #\(message.text("previous_sequence") ?? "-")"
                + " > #\(message.text("sequence") ?? "-")  \(message.levels("bids").count) bids, "
                + "\(message.levels("asks").count) asks  \(self.depth(message))", .faint)
    }

    private func instrument(_ message: TailMessage) -> String {
        var text =
            "\(self.head(message, "instr")) \(message.text("status") ?? "-"), \(message.text("contract") ?? "-"), "
            + "tick \(message.text("tick_size") ?? "-"), lot \(message.text("lot_size") ?? "-")"
        if let size = message.text("contract_size") {
            text += ", contract \(size) \(message.text("contract_size_unit") ?? "")"
        }
        if let type = message.text("option_type") { text += ", \(type) at \(message.text("strike") ?? "-")" }
        return self.cut(text, nil)
    }

    private func status(_ message: TailMessage) -> String {
        let reason = message.text("reason").map { " (\($0))" } ?? ""
        let state = message.text("state") ?? "-"
        let text =
            "\(self.time(message)) status \(message.text("scope") ?? "-") \(message.text("name") ?? "-"): "
            + "\(message.text("previous") ?? "-") > \(state)\(reason)"
        return self.cut(text, state == "live" ? .green : .yellow)
    }

    private func gap(_ message: TailMessage) -> String {
        let range = message.text("from").map { ", \($0)..\(message.text("to") ?? "-")" } ?? ""
        let text =
            "\(self.head(message, "gap")) \(message.text("of") ?? "-") \(message.text("cause") ?? "-")\(range), "
            + "missing \(message.text("missing") ?? "?"), repaired \(message.text("repaired") ?? "-")"
        return self.cut(text, message.text("still_missing") == "0" ? nil : .red)
    }

    private func heartbeat(_ message: TailMessage) -> String {
        let uptime = message.number("uptime_us").map { Duration.microseconds($0) }
        let counts = message.counts("counts")
        let shown = ["produced", "confirmed", "conflated", "dropped", "unconfirmed", "queued", "in_flight"]
        let text =
            "\(self.time(message)) heartbeat \(message.text("instance") ?? "-") up \(HumanNumber.duration(uptime)), "
            + "books \(message.text("books_live") ?? "-"), "
            + shown.compactMap { name in counts[name].map { "\(name) \($0)" } }.joined(separator: ", ")
        return self.cut(text, .faint)
    }

    /// Asks from the worst shown down to the best, then bids from the best down, bars by size.
    private func ladder(_ message: TailMessage) -> [String] {
        let bids = message.levels("bids").prefix(self.levels)
        let asks = message.levels("asks").prefix(self.levels)
        let all = Array(bids) + Array(asks)
        let priceWidth = min(24, all.map { TerminalText.width(of: $0.price) }.max() ?? 1)
        let sizeWidth = min(24, all.map { TerminalText.width(of: $0.size) }.max() ?? 1)
        let largest = all.compactMap { Double($0.size) }.filter(\.isFinite).max() ?? 0
        let barRoom = min(40, max(0, self.columns - priceWidth - sizeWidth - 10))
        func line(_ level: (price: String, size: String), _ side: String, _ emphasis: TerminalStyle.Emphasis) -> String
        {
            let size = Double(level.size) ?? 0
            let share = largest > 0 && size.isFinite && size > 0 ? min(1, size / largest) : 0
            let bar = String(repeating: "█", count: Int((share * Double(barRoom)).rounded()))
            return self.cut(
                "  \(side) \(TerminalText.fitted(level.price, to: priceWidth, right: true))  "
                    + "\(TerminalText.fitted(level.size, to: sizeWidth, right: true)) \(bar)", emphasis)
        }
        var lines = [
            self.cut(
                "\(self.head(message, "book")) #\(message.text("sequence") ?? "-") \(message.text("state") ?? "-"), "
                    + "\(self.depth(message)), sizes in \(message.text("unit") ?? "-")", .bold)
        ]
        lines += asks.reversed().map { line($0, "ask", .red) }
        lines.append(self.cut("  --- spread \(Self.spread(bids.first?.price, asks.first?.price) ?? "-")", .faint))
        lines += bids.map { line($0, "bid", .green) }
        return lines
    }

    /// The exact difference of two decimal texts.
    private static func spread(_ bid: String?, _ ask: String?) -> String? {
        guard let bid, let ask else { return nil }
        let locale = Locale(identifier: "en_US_POSIX")
        guard let low = Decimal(string: bid, locale: locale), let high = Decimal(string: ask, locale: locale) else {
            return nil
        }
        return (high - low).description
    }

    private func depth(_ message: TailMessage) -> String {
        "depth \(message.text("trusted_depth") ?? "-")/\(message.text("depth") ?? "-")"
    }

    func head(_ message: TailMessage, _ type: String) -> String {
        let place =
            "\(message.text("venue") ?? "-") \(message.text("market") ?? "-") \(message.text("symbol") ?? "-")"
        return "\(self.time(message)) \(TerminalText.fitted(type, to: 5)) \(place)"
    }

    /// The time of day (UTC) when the frame was received, to the millisecond.
    private func time(_ message: TailMessage) -> String {
        guard let received = message.number("received_us") else { return "--:--:--.---" }
        return Self.clock(received)
    }

    /// The time of day (UTC) of microseconds since the epoch, to the millisecond.
    static func clock(_ microseconds: Int64) -> String {
        guard microseconds >= 0 else { return "--:--:--.---" }
        let milliseconds = microseconds / 1_000 % 86_400_000
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(milliseconds / 3_600_000, 2)):\(padded(milliseconds / 60_000 % 60, 2)):"
            + "\(padded(milliseconds / 1_000 % 60, 2)).\(padded(milliseconds % 1_000, 3))"
    }

    func cut(_ text: String, _ emphasis: TerminalStyle.Emphasis?) -> String {
        self.style.text(TerminalText.truncated(text, to: self.columns), emphasis)
    }
}
