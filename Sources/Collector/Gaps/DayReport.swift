/// What became of a span of time: availability, losses, repairs, resyncs and audits, from the ledger and the newest
/// heartbeats and states of connections.
///
/// Times are microseconds since the epoch.
package struct DayReport: Sendable, Equatable {
    /// What it is made of.
    package struct Sources: Sendable {
        package var entries: [GapMessage] = []
        package var heartbeats: [HeartbeatMessage] = []
        package var connections: [StatusMessage] = []
        /// What could not be read, in words.
        package var notes: [String] = []

        package init() {}
    }

    /// A collector.
    package struct Instance: Sendable, Equatable {
        package let name: String
        package let boot: String
        package let startedAt: Int64
        package let lastHeartbeat: Int64
        /// Whether it was heard of within three periods.
        package let lives: Bool
        /// Times that it was started again within the span, and how long none ran between.
        package var restarts = 0
        package var awayMicroseconds: Int64 = 0
        package let auditsCompared: UInt64?
        package let auditsMismatched: UInt64?
    }

    /// How much of its time something brought data.
    package struct Availability: Sendable, Equatable {
        package let name: String
        package var connections = 1
        /// Of all connections together.
        package var watchedMicroseconds: Int64 = 0
        package var missingMicroseconds: Int64 = 0
        /// Losses of data that make it up.
        package var losses = 0

        /// From 0 to 1; nil of something that was watched for no time.
        package var share: Double? {
            guard self.watchedMicroseconds > 0 else { return nil }
            return 1 - Double(self.missingMicroseconds) / Double(self.watchedMicroseconds)
        }
    }

    /// Books that could not be used.
    package struct Resyncs: Sendable, Equatable {
        package let cause: String
        package var entries = 0
        package var books = 0
        package var voidMicroseconds: Int64 = 0
        package var longestMicroseconds: Int64 = 0
        package var lasting = 0
    }

    package let from: Int64
    package let to: Int64
    /// From when on anything is known; no time before it counts.
    package private(set) var knownFrom: Int64
    package private(set) var instances: [Instance] = []
    /// By instance and connection, the least available first.
    package private(set) var connections: [Availability] = []
    /// By section of a venue, in the order of their names.
    package private(set) var sections: [Availability] = []
    package private(set) var losses: [GapReport.Total] = []
    package private(set) var resyncs: [Resyncs] = []
    /// Entries of trades by what became of them.
    package private(set) var repairs = Repairs()
    package private(set) var notes: [String]

    package struct Repairs: Sendable, Equatable {
        package var missing: UInt64 = 0
        package var repaired: UInt64 = 0
        package var stillMissing: UInt64 = 0
        /// Entries of which all, some and none was found.
        package var whole = 0
        package var partly = 0
        package var none = 0
    }

    /// - Parameters:
    ///   - from: The beginning of the span.
    ///   - now: Its end.
    package init(_ sources: Sources, from: Int64, now: Int64) {
        self.from = min(max(from, 0), now)
        self.to = now
        self.notes = sources.notes
        let entries = sources.entries.filter { $0.fromMicroseconds < now && $0.toMicroseconds ?? now >= from }
        let life = CollectorLife(sources, from: self.from, now: now)
        self.knownFrom = life.knownFrom
        self.instances = life.instances
        (self.connections, self.sections) = life.availability(of: entries)
        self.losses = GapReport.totals(entries.filter { $0.of != "connection" && $0.of != "orderbook" })
        self.resyncs = Self.resyncs(entries, life)
        for entry in entries where entry.of == "trade" { self.repairs.add(entry) }
    }

    private static func resyncs(_ entries: [GapMessage], _ life: CollectorLife) -> [Resyncs] {
        var resyncs: [String: Resyncs] = [:]
        var books: [String: Set<String>] = [:]
        for entry in entries where entry.of == "orderbook" {
            var total = resyncs[entry.cause] ?? Resyncs(cause: entry.cause)
            let span = life.clipped(entry)
            total.entries += 1
            total.voidMicroseconds = Self.sum(total.voidMicroseconds, span.to - span.from)
            total.longestMicroseconds = max(total.longestMicroseconds, span.to - span.from)
            if entry.toMicroseconds == nil, span.to == life.now { total.lasting += 1 }
            books[entry.cause, default: []].insert(
                [entry.venue, entry.market, entry.symbol].map { $0 ?? "_" }.joined(separator: "."))
            total.books = books[entry.cause]?.count ?? 0
            resyncs[entry.cause] = total
        }
        return resyncs.values.sorted { $0.cause < $1.cause }
    }

    private static func sum(_ total: Int64, _ more: Int64) -> Int64 {
        let (sum, overflow) = total.addingReportingOverflow(more)
        return overflow ? .max : sum
    }
}

extension DayReport.Repairs {
    fileprivate mutating func add(_ entry: GapMessage) {
        guard let missing = entry.missing else { return }
        func sum(_ total: UInt64, _ more: UInt64) -> UInt64 {
            let (sum, overflow) = total.addingReportingOverflow(more)
            return overflow ? .max : sum
        }
        self.missing = sum(self.missing, missing)
        self.repaired = sum(self.repaired, min(entry.repaired, missing))
        self.stillMissing = sum(self.stillMissing, entry.stillMissing ?? 0)
        switch entry.stillMissing {
        case 0: self.whole += 1
        default: if entry.repaired > 0 { self.partly += 1 } else { self.none += 1 }
        }
    }
}
