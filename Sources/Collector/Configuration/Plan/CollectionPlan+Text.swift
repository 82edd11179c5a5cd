import MarketModel
import Venues

extension CollectionPlan {
    /// The plan for a reader, a line each: connections with their streams, then the cold start.
    package func lines(streamsPerConnection limit: Int = 8) -> [String] {
        var lines = ["\(Self.count(self.connections.count, "connection")), \(Self.count(self.streams, "stream")):"]
        for connection in self.connections {
            let endpoints = connection.endpoints.map { "\($0)" }.joined(separator: " or ")
            lines.append("  \(connection.name)  \(endpoints)  \(Self.count(connection.streams.count, "stream"))")
            for stream in connection.streams.prefix(limit) { lines.append("    \(TerminalText.escaped(stream.name))") }
            if connection.streams.count > limit { lines.append("    and \(connection.streams.count - limit) more") }
        }
        for rule in self.openRules { lines.append("and what \(rule) means when the venue's list is loaded") }
        for venue in self.connects {
            lines.append(
                "opening those of \(venue.venue): \(Self.count(venue.connections, "connection")), at most "
                    + "\(venue.limit) in \(Self.window(venue.window))")
        }
        lines.append("cold start of \(Self.count(self.books, "book")):")
        for start in self.coldStart {
            let time = start.wait == .zero ? "at once" : "after \(DurationText.format(start.wait))"
            lines.append(
                "  \(start.venue) \(start.budget): \(Self.count(start.requests, "request")), weight \(start.weight) of "
                    + "\(start.limit) in \(Self.window(start.window)); complete \(time)")
        }
        return lines
    }

    private static func window(_ length: Duration) -> String {
        length == .seconds(60) ? "a minute" : DurationText.format(length)
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
