import ArgumentParser
import CMalloc
import Collector
import ExchangeSimulator
import Glibc
import Logging
import Observability
import Publishing
import Synchronization

/// Collects and publishes until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = RunOptions.command

    /// How long a server of our own has for its end: everything that matters is confirmed by then.
    private static let serverGrace = Duration.seconds(2)

    @OptionGroup var options: RunOptions

    func run() async throws {
        Self.keepMemoryFlat()
        var configuration = try self.options.load().configuration
        let size = self.options.wantsTable ? TerminalSize.current(of: STDOUT_FILENO) : nil
        let writer = BoundedLogWriter(
            descriptor: STDERR_FILENO, format: configuration.log.format == .json ? .json : .human)
        defer { writer.finish() }
        let format: LogFormat = configuration.log.format == .json ? .json : .human
        // On a terminal the table has the screen; only what an operator must see goes beside it.
        let level = size == nil ? configuration.log.level.loggerLevel : .error
        let log = Logger(label: "sluice") { label in
            BoundedLogHandler(label: label, format: format, level: level, writer: writer)
        }

        let lock = try self.lock(configuration.stateDirectory)
        // Held to the very end: the server below writes into the directory until it is stopped.
        defer { withExtendedLifetime(lock) {} }
        let server = try await self.startServer(configuration)
        let (simulator, endpoints) = try await self.startSimulator(&configuration)
        let service = CollectorService(
            configuration, natsURL: server?.url, log: log, logStatistics: { writer.statistics })
        let table = LiveDisplay(size)
        let limit = self.options.duration?.duration
        let watch = self.watch(endpoints, log)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await watch.run(service) }
                defer { group.cancelAll() }
                try await service.run(until: { await StopSignal.wait(atMost: limit) }, observe: { table.show($0) })
            }
        } catch {
            StandardError.write("sluice: \(error)\n")
            await simulator?.stop()
            await server?.stop(grace: Self.serverGrace)
            throw ExitStatus.unavailable
        }
        await simulator?.stop()
        await server?.stop(grace: Self.serverGrace)
    }

    /// Watches over the configuration's file; a simulator stands in for the venues of what is read again as well.
    private func watch(_ endpoints: [SimulatorEndpoint], _ log: Logger) -> ConfigurationWatch {
        let (file, format, level) = (self.options.source.config, self.options.logFormat, self.options.logLevel)
        return ConfigurationWatch(file: file, log: log) {
            var configuration = try Configuration.load(
                file: file, environment: ProcessEnvironment.variables
            ).configuration
            if let format { configuration.log.format = format }
            if let level { configuration.log.level = level }
            if configuration.simulator != nil { SimulatorLauncher.redirect(&configuration, to: endpoints) }
            return configuration
        }
    }

    private func lock(_ directory: String) throws -> StateLock {
        do {
            return try StateLock(directory: directory)
        } catch {
            StandardError.write("sluice: \(error)\n")
            throw ExitStatus.unavailable
        }
    }

    /// Sets the C library's allocator for a process that runs for weeks (mallopt(3)).
    ///
    /// Few arenas, so that what one thread freed serves the others; a fixed size above which memory is mapped and given
    /// back at once. By default that size grows with the largest block freed, and snapshots of books then stay behind in
    /// the heap with holes between them.
    private static func keepMemoryFlat() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
    }

    /// Starts a server of our own where none is configured.
    private func startServer(_ configuration: Configuration) async throws -> EmbeddedNATSServer? {
        guard let settings = configuration.embeddedServer else { return nil }
        do {
            let server = try EmbeddedNATSServer(settings)
            try await server.start()
            return server
        } catch {
            StandardError.write("sluice: \(error)\n")
            throw ExitStatus.unavailable
        }
    }

    private func startSimulator(
        _ configuration: inout Configuration
    ) async throws -> (SimulatedExchange?, [SimulatorEndpoint]) {
        guard let settings = configuration.simulator else { return (nil, []) }
        let exchange = SimulatedExchange(
            configuration: SimulatorLauncher.configuration(of: configuration, settings))
        do {
            let endpoints = try await exchange.start()
            SimulatorLauncher.redirect(&configuration, to: endpoints)
            return (exchange, endpoints)
        } catch {
            StandardError.write("sluice: the simulator cannot start: \(error)\n")
            throw ExitStatus.unavailable
        }
    }
}

/// Shows the table on a terminal, a line every ten seconds on a pipe.
private final class LiveDisplay: Sendable {
    private static let progressSeconds: Int64 = 10
    private let size: TerminalSize?
    private let screen = Mutex(LiveScreen())

    init(_ size: TerminalSize?) {
        self.size = size
    }

    func show(_ summary: LiveSummary) {
        if let size = self.size {
            let lines = LiveTable(columns: size.columns, rows: size.rows, style: .ansi).lines(summary)
            print(self.screen.withLock { $0.frame(lines) }, terminator: "")
        } else if summary.uptime.components.seconds % Self.progressSeconds == 0 {
            print(LiveTable.progress(summary))
        }
        StandardOutput.flush()
    }
}

extension LogSettings.Level {
    fileprivate var loggerLevel: Logger.Level { Logger.Level(rawValue: self.rawValue) ?? .info }
}
