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

    /// Microseconds since the epoch.
    private var beginning: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let (seconds, overflow) = Int64(now.tv_sec).subtractingReportingOverflow(self.since.components.seconds)
        return overflow || seconds < 0 ? 0 : seconds * 1_000_000
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
