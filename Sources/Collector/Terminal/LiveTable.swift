/// Draws a summary as a table that fits a terminal, or as one line for a pipe.
package struct LiveTable: Sendable {
    package var columns: Int
    package var rows: Int
    package var style: TerminalStyle

    package init(columns: Int = 80, rows: Int = 24, style: TerminalStyle) {
        self.columns = min(max(columns, 40), 400)
        self.rows = min(max(rows, 12), 1_000)
        self.style = style
    }

    /// The table's lines: never wider than `columns`, never more than `rows` less one for the cursor.
    ///
    /// Connections and books that do not fit are counted in a line of their own; unhealthy ones come first then.
    package func lines(_ summary: LiveSummary) -> [String] {
        var head = [self.title(summary), self.flow(summary), self.destination(summary.nats), ""]
        let room = max(4, self.rows - 1 - head.count - 3)
        let connectionRoom = min(summary.connections.count, max(2, room / 3))
        let bookRoom = max(2, room - connectionRoom)
        head.append(
            self.emphasized("CONNECTION                       STATE          MSG/S  SILENT  RECONNECTS", .faint))
        head += self.fitting(summary.connections, in: connectionRoom, isHealthy: \.isHealthy, named: "connections") {
            self.line($0)
        }
        head.append("")
        head.append(
            self.emphasized("BOOK                 STATE                 BID            ASK     DEPTH RESYNCS", .faint))
        head += self.fitting(summary.books, in: bookRoom, isHealthy: \.isHealthy, named: "books") { self.line($0) }
        return head
    }

    /// The same in one line, for a log or a pipe.
    package static func progress(_ summary: LiveSummary) -> String {
        let live = summary.connections.count { $0.isHealthy }
        let books = summary.books.count { $0.isHealthy }
        return "up \(HumanNumber.duration(summary.uptime)), connections \(live)/\(summary.connections.count), "
            + "books \(books)/\(summary.books.count), in \(HumanNumber.rate(summary.messagesPerSecond))/s, "
            + "out \(HumanNumber.rate(summary.publishedPerSecond))/s, lag \(HumanNumber.duration(summary.lagMedian)) "
            + "(max \(HumanNumber.duration(summary.lagMax))), queue \(summary.queuedMessages) "
            + "(\(HumanNumber.bytes(summary.queuedBytes))), nats \(TerminalText.escaped(summary.nats.state)), "
            + "unconfirmed \(summary.nats.unconfirmed), dropped \(summary.nats.dropped)"
    }

    private func title(_ summary: LiveSummary) -> String {
        let name = TerminalText.escaped(summary.instance, limit: 64)
        let text =
            "sluice \(name)  up \(HumanNumber.duration(summary.uptime))  "
            + "memory \(HumanNumber.bytes(summary.residentBytes))"
        return self.emphasized(text, .bold)
    }

    private func flow(_ summary: LiveSummary) -> String {
        let limit = max(1, summary.queueLimit.bytes)
        let share = Double(summary.queuedBytes.bytes) / Double(limit)
        let text =
            "in \(HumanNumber.rate(summary.messagesPerSecond))/s  out \(HumanNumber.rate(summary.publishedPerSecond))/s  "
            + "lag \(HumanNumber.duration(summary.lagMedian)) max \(HumanNumber.duration(summary.lagMax))  "
            + "queue \(summary.queuedMessages) \(HumanNumber.bytes(summary.queuedBytes))/"
            + "\(HumanNumber.bytes(summary.queueLimit))"
        return self.emphasized(text, share > 0.9 ? .red : share > 0.5 ? .yellow : nil)
    }

    private func destination(_ nats: LiveSummary.NATS) -> String {
        let text =
            "nats \(TerminalText.escaped(nats.state, limit: 32))  "
            + "confirmed \(HumanNumber.rate(nats.confirmedPerSecond))/s  unconfirmed \(nats.unconfirmed)  "
            + "dropped \(nats.dropped)  conflated \(nats.conflated)  \(TerminalText.escaped(nats.server, limit: 128))"
        return self.emphasized(text, nats.isHealthy ? nil : .red)
    }

    private func line(_ connection: LiveSummary.Connection) -> String {
        let text = [
            TerminalText.fitted(TerminalText.escaped(connection.name, limit: 64), to: 32),
            TerminalText.fitted(TerminalText.escaped(connection.state, limit: 32), to: 13),
            TerminalText.fitted(HumanNumber.rate(connection.messagesPerSecond), to: 6, right: true),
            TerminalText.fitted(HumanNumber.duration(connection.silence), to: 7, right: true),
            TerminalText.fitted("\(connection.reconnects)", to: 11, right: true),
        ].joined(separator: " ")
        return self.emphasized(text, connection.isHealthy ? nil : .red)
    }

    private func line(_ book: LiveSummary.Book) -> String {
        let name = "\(TerminalText.escaped(book.segment, limit: 16)) \(TerminalText.escaped(book.symbol, limit: 64))"
        let text = [
            TerminalText.fitted(name, to: 20),
            TerminalText.fitted(TerminalText.escaped(book.state, limit: 32), to: 10),
            TerminalText.fitted(TerminalText.escaped(book.bid ?? "-", limit: 40), to: 14, right: true),
            TerminalText.fitted(TerminalText.escaped(book.ask ?? "-", limit: 40), to: 14, right: true),
            TerminalText.fitted("\(book.trustedDepth)/\(book.depth)", to: 9, right: true),
            TerminalText.fitted("\(book.resyncs)", to: 7, right: true),
        ].joined(separator: " ")
        return self.emphasized(text, !book.isHealthy ? .red : book.trustedDepth < book.depth ? .yellow : nil)
    }

    private func fitting<Item>(
        _ items: [Item], in room: Int, isHealthy: (Item) -> Bool, named name: String, draw: (Item) -> String
    ) -> [String] {
        guard items.count > room else { return items.map(draw) }
        let order = items.filter { !isHealthy($0) } + items.filter(isHealthy)
        let shown = order.prefix(max(1, room - 1))
        let hidden = order.dropFirst(shown.count)
        let unhealthy = hidden.count { !isHealthy($0) }
        let text = "and \(hidden.count) more \(name), \(unhealthy) of them not live"
        return shown.map(draw) + [self.emphasized(text, unhealthy > 0 ? .red : .faint)]
    }

    /// Cuts before colouring, so that no escape sequence is cut.
    private func emphasized(_ text: String, _ emphasis: TerminalStyle.Emphasis?) -> String {
        self.style.text(TerminalText.truncated(text, to: self.columns), emphasis)
    }
}
