import ArgumentParser
import Backfill
import Collector
import Glibc
import Logging
import Observability
import Publishing

/// What the commands about history share.
enum BackfillSession {
    /// How long the venues' lists may take before somebody is told.
    private static let listPatience = Duration.seconds(5)

    /// Opens everything for the length of a call.
    static func with(
        _ configuration: Configuration, _ body: @escaping @Sendable (HistoryService) async throws -> Void
    ) async throws {
        try await Self.report {
            let writer = BoundedLogWriter(
                descriptor: STDERR_FILENO, format: configuration.log.format == .json ? .json : .human)
            defer { writer.finish() }
            let format: LogFormat = configuration.log.format == .json ? .json : .human
            let log = Logger(label: "sluice") { label in
                BoundedLogHandler(label: label, format: format, level: .warning, writer: writer)
            }
            let session = try HistorySession(configuration, natsURL: nil, log: log)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(session.service))
            } catch {
                result = .failure(error)
            }
            await session.close()
            try result.get()
        }
    }

    /// The series that an order means; what it says in vain is told, and is an error where nothing else is left of it.
    static func series(of order: HistoryOrder, _ service: HistoryService) async throws -> [HistorySeries] {
        // A venue that does not answer is asked again and again, which nobody sees.
        let note = Task {
            do { try await Task.sleep(for: Self.listPatience) } catch { return }
            let sections = order.sections.joined(separator: " ")
            StandardError.write("waiting for the list of instruments of \(TerminalText.escaped(sections))\n")
        }
        defer { note.cancel() }
        let (series, idle) = try await Self.untilStopped { try await service.resolve(order) }.get()
        guard !series.isEmpty else {
            throw HistoryOrder.Problem(idle.isEmpty ? "nothing of it is served" : idle.joined(separator: "; "))
        }
        for problem in idle { StandardError.write("warning: \(TerminalText.escaped(problem))\n") }
        return series
    }

    /// Turns errors into a line on standard error and an exit code.
    static func report<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch let error as HistoryOrder.Problem {
            StandardError.write("sluice: \(TerminalText.escaped(error.description, limit: 2_000))\n")
            throw ExitCode.validationFailure
        } catch {
            StandardError.write("sluice: \(TerminalText.escaped("\(error)", limit: 2_000))\n")
            throw ExitStatus.unavailable
        }
    }

    /// Runs until the work ends or a stop signal comes.
    static func untilStopped<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        let task = Task { try await work() }
        let signal = Task {
            await StopSignal.wait(atMost: nil)
            task.cancel()
        }
        let result = await task.result
        signal.cancel()
        return result
    }
}

/// The wall clock.
enum WallClock {
    /// Milliseconds since 1970.
    static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
