internal import Synchronization
package import Transport

/// Where one simulated segment is served; those of OKX share a port, as do those of Deribit.
package struct SimulatorEndpoint: Sendable, Equatable {
    package let segment: MarketSegment
    package let address: String
    package let port: Int

    /// The base of its WebSocket paths, `ws://127.0.0.1:4711`.
    package var webSocketURL: String { "ws://\(self.address):\(self.port)" }

    /// The base of its REST paths, `http://127.0.0.1:4711`.
    package var restURL: String { "http://\(self.address):\(self.port)" }
}

/// Why the simulated exchange did not start.
package enum SimulatorError: Error {
    case loop(ServiceLoopError)
    case recording(RecordingError)
    /// A port could not be opened: a host's, or that of archives.
    case server(String, TransportError)
    /// It was started before.
    case alreadyStarted
}

/// What a request was answered, whole and before any fault.
package struct SimulatedAnswer: Sendable {
    package let query: [String: String]
    package let body: [UInt8]
}

/// Binance, OKX and Deribit on loopback, on a loop of their own.
///
/// Each host has a port for WebSocket and REST. `GET /simulator/state`, `GET /simulator/book?segment=&symbol=&limit=`,
/// `GET /simulator/sent?segment=&stream=`, `POST /simulator/rate?kind=&share=&scope=`, `GET /simulator/past?segment=&symbol=&kind=&from=&to=`,
/// `POST /simulator/fault?kind=&segment=&stream=&count=&only=`,
/// `POST /simulator/list?segment=&symbol=`, `/simulator/delist?segment=&symbol=`, `/simulator/pause`,
/// `/simulator/resume` and `/simulator/calm`, which forgets ordered faults, work on every port.
package final class SimulatedExchange: Sendable {
    private struct Running {
        let core: ExchangeCore
        let servers: [(name: String, server: HTTPServer)]
        let archivePort: Int
    }

    private enum Life {
        case new, starting
        case running(Running)
        case stopped
    }

    private let configuration: SimulatorConfiguration
    private let loop: ServiceLoop
    private let life = Mutex(Life.new)

    package init(configuration: SimulatorConfiguration) {
        self.configuration = configuration
        var options = ServiceLoopOptions(name: "simulator")
        options.descriptorLimit = 8192
        self.loop = ServiceLoop(options: options)
    }

    /// Reads the recording if there is one, and opens the ports.
    package func start() async throws(SimulatorError) -> [SimulatorEndpoint] {
        let isFirst = self.life.withLock { life in
            guard case .new = life else { return false }
            life = .starting
            return true
        }
        guard isFirst else { throw .alreadyStarted }
        let core = try self.makeCore()
        do {
            try self.loop.start()
        } catch {
            throw .loop(error)
        }
        var servers: [(name: String, server: HTTPServer)] = []
        var endpoints: [SimulatorEndpoint] = []
        var archivePort = 0
        do throws(TransportError) {
            for host in SimulatedHost.allCases {
                let segments = host.segments.filter { !core.symbols(of: $0).isEmpty }
                guard !segments.isEmpty else { continue }
                let port = segments.compactMap { self.configuration.ports[$0] }.first ?? 0
                let server = self.makeServer(core, host, port: port)
                servers.append((host.rawValue, server))
                let opened = try await server.start()
                for segment in segments {
                    endpoints.append(
                        SimulatorEndpoint(segment: segment, address: self.configuration.address, port: opened))
                }
            }
            let server = self.makeServer(core, nil, port: self.configuration.archivePort)
            servers.append(("archive", server))
            archivePort = try await server.start()
        } catch {
            for (_, server) in servers { await server.stop() }
            self.loop.stop()
            throw .server(servers.last?.name ?? "", error)
        }
        let running = Running(core: core, servers: servers, archivePort: archivePort)
        _ = self.loop.submit { context in
            core.servers = running.servers
            core.start(on: context)
        }
        self.life.withLock { $0 = .running(running) }
        return endpoints
    }

    /// The base of the archives' paths on a port of their own, `http://127.0.0.1:4712/archive`; every other port has them
    /// at `/archive` too. `nil` while it does not run.
    package var archiveURL: String? {
        self.life.withLock { life in
            guard case .running(let running) = life else { return nil }
            return "http://\(self.configuration.address):\(running.archivePort)\(ArchiveFile.root)"
        }
    }

    private func makeServer(_ core: ExchangeCore, _ host: SimulatedHost?, port: Int) -> HTTPServer {
        var options = HTTPServerConfiguration()
        options.address = self.configuration.address
        options.port = port
        options.maxQueuedBytes = 64 * 1024 * 1024
        return HTTPServer(
            loop: self.loop, configuration: options,
            onRequest: { core.respond($0, host: host) },
            onWebSocket: { request in host.flatMap { core.accept(request, host: $0) } })
    }

    /// Closes every connection and port; returns when they are closed.
    package func stop() async {
        let running = self.life.withLock { life -> Running? in
            guard case .running(let running) = life else { return nil }
            life = .stopped
            return running
        }
        guard let running else { return }
        let core = running.core
        _ = self.loop.submit { _ in core.stop() }
        for (_, server) in running.servers { await server.stop() }
        self.loop.stop()
    }

    /// What it has done so far; `nil` while it does not run.
    package func state() async -> SimulatorState? {
        await self.ask { $0.state() }
    }

    /// The true book's best `limit` levels; `nil` for an instrument that it does not have.
    ///
    /// Prices and sizes are in units of the instrument's last digit, of the eighth fraction digit for a recording.
    package func book(of symbol: String, in segment: MarketSegment, limit: Int = 100) async -> BookTop? {
        await self.ask { $0.book(of: symbol, segment: segment, limit: limit) } ?? nil
    }

    /// The rows of a series whose time lies in a half-open range of milliseconds, oldest first, without bars that are not
    /// over; `nil` where there is no such series.
    ///
    /// At most 200,000 rows, whatever the venue still serves of them.
    package func past(
        _ kind: PastKind, of symbol: String, in segment: MarketSegment, from: Int64, to: Int64
    ) async -> [PastRow]? {
        await self.ask { $0.pastRows(kind, of: symbol, segment: segment, from: from, to: to) } ?? nil
    }

    /// Makes a fault happen: at once to open connections, at the next `count` opportunities otherwise.
    ///
    /// - Parameters:
    ///   - stream: Limits it to connections that serve this stream, or to its frames; a fault of requests to `rest`, to
    ///     `archive`, or to a path.
    ///   - age: Limits it to one of the connections.
    /// - Returns: To how many connections it happened, or how many opportunities were ordered.
    @discardableResult
    package func inject(
        _ fault: Fault, segment: MarketSegment? = nil, stream: String? = nil, count: Int = 1,
        only age: SessionAge? = nil
    ) async -> Int {
        await self.ask { $0.inject(fault, segment: segment, stream: stream, count: count, only: age) } ?? 0
    }

    /// Has a fault happen to a share of all requests from now on, of archives alone or of the others alone where that is
    /// said, which ones by the plan's seed; false for a fault that does not happen to requests.
    @discardableResult
    package func setRate(_ fault: Fault, to share: Double, ofArchives: Bool? = nil) async -> Bool {
        await self.ask { $0.setRate(fault, to: share, ofArchives: ofArchives) } ?? false
    }

    /// The payloads sent last on a stream, oldest first, without what a client's choice puts around them.
    ///
    /// - Parameters:
    ///   - stream: Binance's and Deribit's name of the stream; on OKX `channel:` and the instrument, index or type of
    ///     instruments.
    ///   - welcomes: Whether only those are wanted that a new subscriber alone was sent.
    package func sent(_ stream: String, in segment: MarketSegment, welcomes: Bool = false) async -> [String] {
        await self.ask { $0.sent(stream, segment: segment, welcomes: welcomes) } ?? []
    }

    /// The answers that were given last to requests for a path, oldest first.
    package func answered(_ path: String, in segment: MarketSegment) async -> [SimulatedAnswer] {
        await self.ask { $0.answered(path, segment: segment) } ?? []
    }

    /// Lists an instrument of a name that the venue could give, with the venue's own notice where it has one.
    ///
    /// - Returns: False where it is listed already, or the name is none of the venue's.
    @discardableResult
    package func list(_ symbol: String, in segment: MarketSegment) async -> Bool {
        await self.ask { $0.list(symbol, in: segment) } ?? false
    }

    /// Ends an instrument, with the venue's own notice where it has one; false where it is not listed.
    @discardableResult
    package func delist(_ symbol: String, in segment: MarketSegment) async -> Bool {
        await self.ask { $0.delist(symbol, in: segment) } ?? false
    }

    /// Lets the generated markets rest after a last depth message of each, so that clients can be compared with them.
    package func pause() async {
        _ = await self.ask { $0.setPaused(true) }
    }

    /// Lets the markets go on.
    package func resume() async {
        _ = await self.ask { $0.setPaused(false) }
    }

    private func makeCore() throws(SimulatorError) -> ExchangeCore {
        guard let plan = self.configuration.recording else {
            return ExchangeCore(configuration: self.configuration, player: nil)
        }
        do {
            return ExchangeCore(configuration: self.configuration, player: try RecordingPlayer(plan: plan))
        } catch {
            throw .recording(error)
        }
    }

    /// Runs `question` on the loop.
    private func ask<Answer: Sendable>(_ question: @escaping @Sendable (ExchangeCore) -> Answer) async -> Answer? {
        let core = self.life.withLock { life -> ExchangeCore? in
            if case .running(let running) = life { running.core } else { nil }
        }
        guard let core else { return nil }
        return await withCheckedContinuation { continuation in
            let taken = self.loop.submit { _ in continuation.resume(returning: question(core)) }
            if !taken { continuation.resume(returning: nil) }
        }
    }
}
