import CNATS
import Synchronization

/// One try to connect and to set the streams up, on a thread of its own, so that the publisher never blocks on it.
final class ConnectionAttempt: Sendable {
    struct Established: Sendable {
        let connection: NATSConnection
        let hasJetStream: Bool
        let streams: [StreamReport]
        /// Where the streams end that our messages go to, of those that were found.
        var ends: [(stream: String, sequence: UInt64)] = []
    }

    private struct State {
        var result: Result<Established, NATSError>?
        var isAbandoned = false
    }

    private let state = Mutex(State())

    /// Starts to connect; first closes `retired`, which may take as long as the write deadline.
    init(
        _ configuration: PublisherConfiguration, signals: ConnectionSignals, waker: PublisherWaker,
        retiring retired: NATSConnection?
    ) {
        let thread = NativeThread(name: "nats-connect") { [self] in
            do throws(NATSError) {
                if let retired { natsConnection_Close(retired.handle) }
                self.finish(.success(try Self.connect(configuration, signals)))
            } catch {
                self.finish(.failure(error))
            }
            nats_ReleaseThreadMemory()
            waker.wake()
        }
        if let thread {
            thread.detach()
        } else {
            self.finish(.failure(NATSError(kind: .other, context: "connecting to NATS", text: "no thread left")))
        }
    }

    /// Takes the result, once, when there is one.
    func take() -> Result<Established, NATSError>? {
        self.state.withLock { state in
            defer { state.result = nil }
            return state.result
        }
    }

    /// Lets a connection that is still to come close itself.
    func abandon() {
        self.state.withLock {
            $0.isAbandoned = true
            $0.result = nil
        }
    }

    private func finish(_ result: Result<Established, NATSError>) {
        self.state.withLock { if !$0.isAbandoned { $0.result = result } }
    }

    private static func connect(
        _ configuration: PublisherConfiguration, _ signals: ConnectionSignals
    ) throws(NATSError) -> Established {
        let connection = try NATSConnection(
            configuration.connection, signals: signals, pendingAnswers: 4 * configuration.windowMessages + 65536)
        let setup = try StreamSetup(connection)
        guard setup.hasJetStream() else {
            return Established(connection: connection, hasJetStream: false, streams: [])
        }
        let reports = configuration.streams.map { setup.ensure($0, adopt: configuration.adoptsStreams) }
        let ends = try Self.ends(configuration, setup, connection)
        return Established(connection: connection, hasJetStream: true, streams: reports, ends: ends)
    }

    private static func ends(
        _ configuration: PublisherConfiguration, _ setup: StreamSetup, _ connection: NATSConnection
    ) throws(NATSError) -> [(stream: String, sequence: UInt64)] {
        let reader = try StreamReader(connection)
        let subjects = configuration.streams.isEmpty ? [">"] : configuration.streams.flatMap(\.subjects)
        var ends: [(stream: String, sequence: UInt64)] = []
        for name in Set(subjects.flatMap { setup.knownOwners(of: $0) }).sorted().prefix(StreamFloors.most - 1) {
            guard let last = try? reader.lastSequence(of: name) else { continue }
            ends.append((name, last))
        }
        return ends
    }
}
