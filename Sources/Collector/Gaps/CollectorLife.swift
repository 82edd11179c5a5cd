/// When collectors ran, and when their connections brought data, as far as it is on record.
struct CollectorLife {
    private static let symbolPrefix = "_conn-"
    /// A boot's name is the time of its start in milliseconds, to this base.
    private static let bootRadix = 36

    let from: Int64
    let now: Int64
    private(set) var knownFrom: Int64
    private(set) var instances: [DayReport.Instance] = []
    private let newest: [String: HeartbeatMessage]
    private let states: [String: StatusMessage]
    /// When each connection's data stopped for a restart, by instance and connection.
    private var restarts: [String: [Int64]] = [:]

    init(_ sources: DayReport.Sources, from: Int64, now: Int64) {
        self.from = from
        self.now = now
        self.newest = Dictionary(
            sources.heartbeats.map { ($0.instance, $0) },
            uniquingKeysWith: { $0.receivedMicroseconds > $1.receivedMicroseconds ? $0 : $1 })
        self.states = Dictionary(
            sources.connections.filter { $0.scope == "connection" }.map { (Self.key($0.instance, $0.name), $0) },
            uniquingKeysWith: { $0.receivedMicroseconds > $1.receivedMicroseconds ? $0 : $1 })
        var starts: [Int64] = []
        for boot in Set(sources.heartbeats.map(\.boot) + sources.entries.map(\.boot)) {
            if let start = Self.start(of: boot, now: now) { starts.append(start) }
        }
        starts += sources.heartbeats.map { Self.start(of: $0) }
        let away = sources.entries.filter { $0.of == "connection" && $0.cause == "restart" }
        // Whoever was away had been there.
        starts += away.map(\.fromMicroseconds)
        self.knownFrom = min(max(starts.min() ?? now, from), now)
        for entry in away {
            guard let name = Self.connection(entry) else { continue }
            self.restarts[Self.key(entry.instance, name), default: []].append(entry.fromMicroseconds)
        }
        self.instances = self.newest.values.sorted { $0.instance < $1.instance }.map { self.instance($0, away) }
    }

    private static func key(_ instance: String, _ connection: String) -> String { instance + " " + connection }

    private static func sum(_ total: Int64, _ more: Int64) -> Int64 {
        let (sum, overflow) = total.addingReportingOverflow(more)
        return overflow ? .max : sum
    }

    private static func connection(_ entry: GapMessage) -> String? {
        guard let symbol = entry.symbol, symbol.hasPrefix(Self.symbolPrefix) else { return nil }
        return String(symbol.dropFirst(Self.symbolPrefix.count))
    }

    /// When a process started, by its name; nil where that is no time of the past.
    private static func start(of boot: String, now: Int64) -> Int64? {
        guard let milliseconds = Int64(boot, radix: Self.bootRadix), milliseconds > 1_000_000_000_000,
            milliseconds < now / 1_000
        else { return nil }
        return milliseconds * 1_000
    }

    private static func start(of beat: HeartbeatMessage) -> Int64 {
        let (start, overflow) = beat.receivedMicroseconds.subtractingReportingOverflow(beat.uptimeMicroseconds)
        return overflow ? beat.receivedMicroseconds : start
    }

    private func lives(_ beat: HeartbeatMessage) -> Bool {
        let (patience, overflow) = beat.periodMicroseconds.multipliedReportingOverflow(by: 3)
        let (age, isAncient) = self.now.subtractingReportingOverflow(beat.receivedMicroseconds)
        return !isAncient && (overflow || age <= max(patience, 1_000_000))
    }

    private func instance(_ beat: HeartbeatMessage, _ away: [GapMessage]) -> DayReport.Instance {
        var instance = DayReport.Instance(
            name: beat.instance, boot: beat.boot, startedAt: Self.start(of: beat),
            lastHeartbeat: beat.receivedMicroseconds, lives: self.lives(beat), auditsCompared: beat.auditsCompared,
            auditsMismatched: beat.auditsMismatched)
        let boots = Dictionary(grouping: away.filter { $0.instance == beat.instance }, by: \.boot)
        var spans = TimeSpans()
        for (boot, entries) in boots {
            guard let gone = entries.map(\.fromMicroseconds).min(), gone < self.now else { continue }
            // Until its start, or its first data where the name tells no start.
            let back = Self.start(of: boot, now: self.now) ?? entries.compactMap(\.toMicroseconds).min() ?? self.now
            guard back >= self.from else { continue }
            instance.restarts += 1
            spans.add(gone, back)
        }
        if !instance.lives { spans.add(beat.receivedMicroseconds, self.now) }
        instance.awayMicroseconds = spans.length(from: self.from, to: self.now)
        return instance
    }

    /// The part of an entry within the span; one that lasts ends where its process did.
    func clipped(_ entry: GapMessage) -> (from: Int64, to: Int64) {
        var end = entry.toMicroseconds ?? self.now
        if entry.toMicroseconds == nil, let beat = self.newest[entry.instance] {
            if beat.boot != entry.boot {
                // A later process tells of its own absence from where this one was last alive.
                let later = Self.connection(entry).flatMap { self.restarts[Self.key(entry.instance, $0)] } ?? []
                end = later.filter { $0 >= entry.fromMicroseconds }.min() ?? Self.start(of: beat)
            } else if !self.lives(beat) {
                end = beat.receivedMicroseconds
            }
        }
        let first = min(max(entry.fromMicroseconds, self.from), self.now)
        return (first, min(max(end, first), self.now))
    }

    // MARK: - Availability

    /// How available each connection was, the least first, and each section of a venue.
    func availability(
        of entries: [GapMessage]
    ) -> (connections: [DayReport.Availability], sections: [DayReport.Availability]) {
        var missing: [String: TimeSpans] = [:]
        var losses: [String: Int] = [:]
        for entry in entries where entry.of == "connection" {
            guard let name = Self.connection(entry) else { continue }
            let span = self.clipped(entry)
            missing[Self.key(entry.instance, name), default: TimeSpans()].add(span.from, span.to)
            losses[Self.key(entry.instance, name), default: 0] += 1
        }
        let isAlone = self.newest.count <= 1
        var connections: [DayReport.Availability] = []
        var sections: [String: DayReport.Availability] = [:]
        for key in Set(missing.keys).union(self.states.keys).sorted() {
            let parts = key.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            var one = DayReport.Availability(name: isAlone ? parts[1] : key)
            var spans = missing[key] ?? TimeSpans()
            let end = self.end(of: key, instance: parts[0], &spans)
            one.watchedMicroseconds = max(0, end - self.knownFrom)
            one.missingMicroseconds = spans.length(from: self.knownFrom, to: end)
            one.losses = losses[key] ?? 0
            connections.append(one)
            let section = parts[1].split(separator: "-").prefix(2).joined(separator: "-")
            var total = sections[section] ?? DayReport.Availability(name: section, connections: 0)
            total.connections += 1
            total.watchedMicroseconds = Self.sum(total.watchedMicroseconds, one.watchedMicroseconds)
            total.missingMicroseconds = Self.sum(total.missingMicroseconds, one.missingMicroseconds)
            total.losses += one.losses
            sections[section] = total
        }
        connections.sort { ($0.share ?? 1, $0.name) < ($1.share ?? 1, $1.name) }
        return (connections, sections.values.sorted { $0.name < $1.name })
    }

    /// Until when a connection was to bring data; what nobody watched over is missing.
    private func end(of key: String, instance: String, _ spans: inout TimeSpans) -> Int64 {
        // One that was ended on purpose while its process goes on is not watched any more.
        if let state = self.states[key], state.state == "stopped", let beat = self.newest[instance],
            beat.boot == state.boot, beat.receivedMicroseconds / 2 - state.receivedMicroseconds / 2 > 30_000_000
        {
            return max(self.knownFrom, min(state.receivedMicroseconds, self.now))
        }
        if let beat = self.newest[instance], !self.lives(beat) { spans.add(beat.receivedMicroseconds, self.now) }
        return self.now
    }
}
