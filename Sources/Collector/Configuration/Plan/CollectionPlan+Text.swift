extension CollectionPlan {
    /// The plan for a reader, a line each: connections with their streams, then the cold start.
    package func lines(streamsPerConnection limit: Int = 8) -> [String] {
        var lines = ["\(Self.count(self.connections.count, "connection")), \(Self.count(self.streams, "stream")):"]
        for connection in self.connections {
            let endpoints = connection.endpoints.map { "\($0)" }.joined(separator: " or ")
            lines.append("  \(connection.name)  \(endpoints)  \(Self.count(connection.streams.count, "stream"))")
            for stream in connection.streams.prefix(limit) { lines.append("    \(TerminalText.escaped(stream))") }
            if connection.streams.count > limit { lines.append("    and \(connection.streams.count - limit) more") }
        }
        lines.append(
            "opening them takes \(self.connections.count) of \(self.connectsPer5Minutes) connections in 5 minutes")
        lines.append("cold start of \(Self.count(self.books, "book")):")
        for start in self.coldStart {
            let time = start.wait == .zero ? "at once" : "after \(DurationText.format(start.wait))"
            lines.append(
                "  \(start.budget): \(Self.count(start.requests, "request")), weight \(start.weight) of "
                    + "\(start.weightPerMinute) a minute; complete \(time)")
        }
        return lines
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
