import ArgumentParser
import Backfill
import Collector

/// Lets a job rest: what is in work is given up and begun anew later.
struct BackfillPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Lets a job rest.")

    @OptionGroup var options: BackfillJobOptions

    func run() async throws {
        try await self.options.set(.paused, from: [.running], reason: nil, done: "rests")
    }
}

/// Lets a job go on that rests or was cancelled.
struct BackfillResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lets a job that rests go on.")

    @OptionGroup var options: BackfillJobOptions

    func run() async throws {
        try await self.options.set(.running, from: [.paused], reason: nil, done: "goes on")
    }
}

/// Ends a job for good; what is complete stays.
struct BackfillCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a job for good; what is complete stays.")

    @OptionGroup var options: BackfillJobOptions

    func run() async throws {
        try await self.options.set(.cancelled, from: [.running, .paused, .ended], reason: nil, done: "is cancelled")
    }
}

/// Begins anew with what failed for good.
struct BackfillRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry-failed", abstract: "Begins anew with the pieces of a job that failed for good.")

    @OptionGroup var options: BackfillJobOptions

    func run() async throws {
        try await BackfillSession.report {
            let store = try self.options.store()
            defer { store.close() }
            let count = try await store.retryFailed(of: self.options.job)
            print(
                "\(count) \(count == 1 ? "piece" : "pieces") of \(TerminalText.escaped(self.options.job)) are tried again"
            )
        }
    }
}

extension BackfillJobOptions {
    /// Changes the job's state, and says so.
    fileprivate func set(
        _ state: HistoryJob.State, from former: [HistoryJob.State], reason: String?, done: String
    ) async throws {
        try await BackfillSession.report {
            let store = try self.store()
            defer { store.close() }
            let name = TerminalText.escaped(self.job)
            guard try await store.set(state, of: self.job, from: former, reason: reason) else {
                let states = former.map(\.rawValue).joined(separator: " or ")
                throw HistoryOrder.Problem("there is no job of the name \(name) that is \(states)")
            }
            print("\(name) \(done)")
        }
    }
}
