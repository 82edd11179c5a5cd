import Glibc
package import Publishing

/// Reads the ledger from its stream.
package struct GapReading: Sendable {
    package enum Failure: Error, CustomStringConvertible {
        case noAddress
        case unreachable(NATSError)
        case streamMissing(String)
        /// The link broke or the time was over in the middle.
        case incomplete(NATSError)

        package var description: String {
            switch self {
            case .noAddress: "the server runs on a port of its own choice; nats.embedded.port or --nats names one"
            case .unreachable(let error): "no NATS server answers: \(error)"
            case .streamMissing(let name):
                "there is no stream \(name) on the server: no collector has published there, or under another name"
            case .incomplete(let error): "the ledger could not be read to its end: \(error)"
            }
        }
    }

    package var connection: NATSConnectionOptions
    package var stream: String
    package var filter: GapReport.Filter
    package var limit: Int
    /// How far back the first message may have been stored.
    package var since: Duration
    package var timeout: Duration

    package init(
        connection: NATSConnectionOptions, stream: String, filter: GapReport.Filter, limit: Int, since: Duration,
        timeout: Duration
    ) {
        self.connection = connection
        self.stream = stream
        self.filter = filter
        self.limit = limit
        self.since = since
        self.timeout = timeout
    }

    /// Reads what the stream holds now; blocks.
    package func report() throws(Failure) -> GapReport {
        let deadline = ContinuousClock.now + self.timeout
        let reader: StreamReader
        do throws(NATSError) {
            reader = try StreamReader(connecting: self.connection)
        } catch {
            throw .unreachable(error)
        }
        var report = GapReport(filter: self.filter, limit: self.limit)
        let outcome: StreamReader.Outcome
        do throws(NATSError) {
            let request = StreamReader.Request(
                self.stream, from: .time(microseconds: self.beginning), deadline: deadline)
            outcome = try reader.read(request) { message in
                report.add(payload: message.payload)
                return true
            }
        } catch {
            throw .incomplete(error)
        }
        guard outcome != .streamMissing else { throw .streamMissing(self.stream) }
        return report
    }

    /// Reads what is known of the span before now: the ledger, and the newest heartbeats and states of connections.
    ///
    /// - Parameters:
    ///   - last: The stream of newest messages.
    ///   - subjects: What its subjects look like.
    package func day(last: String, subjects: Subjects) throws(Failure) -> DayReport {
        // What began or ended within the span may have been told last before or after.
        var whole = self
        whole.since = self.since + Self.toldBefore
        let ledger = try whole.report()
        var sources = DayReport.Sources()
        sources.entries = ledger.entries
        if ledger.unreadable > 0 { sources.notes.append("\(ledger.unreadable) messages of the ledger cannot be read") }
        if !ledger.isComplete {
            sources.notes.append(
                "the ledger has more than \(self.limit) entries: earlier ones are left out, for --limit")
        }
        try self.readLast(last, subjects, into: &sources)
        let now = Self.now
        return DayReport(sources, from: self.beginning, now: now)
    }

    /// How long before the span an entry of it may have been told last.
    private static let toldBefore = Duration.seconds(7 * 24 * 3_600)

    private func readLast(_ stream: String, _ subjects: Subjects, into sources: inout DayReport.Sources) throws(Failure)
    {
        let deadline = ContinuousClock.now + self.timeout
        var heartbeats: [HeartbeatMessage] = []
        var states: [StatusMessage] = []
        var unreadable = 0
        do throws(NATSError) {
            let reader = try StreamReader(connecting: self.connection)
            for type in [MessageType.heartbeat, .status] {
                let request = StreamReader.Request(
                    stream, from: .first, filter: subjects.filter(type), deadline: deadline)
                let outcome = try reader.read(request) { message in
                    if type == .heartbeat, let beat = HeartbeatMessage(payload: message.payload) {
                        heartbeats.append(beat)
                    } else if type == .status, let state = StatusMessage(payload: message.payload) {
                        states.append(state)
                    } else {
                        unreadable += 1
                    }
                    return heartbeats.count + states.count < self.limit
                }
                guard outcome != .streamMissing else {
                    sources.notes.append("there is no stream \(stream): heartbeats and connections are not known")
                    return
                }
            }
        } catch {
            throw .incomplete(error)
        }
        sources.heartbeats = heartbeats
        sources.connections = states
        if unreadable > 0 { sources.notes.append("\(unreadable) heartbeats and states cannot be read") }
        if heartbeats.isEmpty { sources.notes.append("no heartbeat is in \(stream): who runs is not known") }
    }

    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    /// Microseconds since the epoch.
    private var beginning: Int64 {
        let seconds = Self.now / 1_000_000
        let (first, overflow) = seconds.subtractingReportingOverflow(self.since.components.seconds)
        return overflow || first < 0 ? 0 : first * 1_000_000
    }
}

extension Configuration {
    /// Where a command finds what a collector with this configuration publishes.
    ///
    /// - Parameter addresses: Servers to take in place of the configured ones.
    /// - Throws: `.noAddress` when its server runs on whatever port was free.
    package func readerConnection(
        named name: String, addresses: [String]? = nil
    ) throws(GapReading.Failure) -> NATSConnectionOptions {
        var embedded: String?
        if self.nats.servers.isEmpty, addresses == nil {
            guard self.nats.embedded.port != 0 else { throw .noAddress }
            embedded = "nats://127.0.0.1:\(self.nats.embedded.port)"
        }
        var connection = self.publisherConfiguration(embedded: embedded).connection
        connection.name = name
        if let addresses { connection.addresses = addresses }
        return connection
    }
}
