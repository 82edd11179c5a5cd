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

/// Lets a job go on that rests.
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
        try await self.options.with { store, job in
            let name = TerminalText.escaped(job.name)
            guard job.state != .cancelled else { throw HistoryOrder.Problem("\(name) is cancelled; order it anew") }
            let count = try await store.retryFailed(of: job.name)
            switch count {
            case 0: print("no piece of \(name) has failed for good")
            case 1: print("1 piece of \(name) is tried again")
            default: print("\(count) pieces of \(name) are tried again")
            }
        }
    }
}

extension BackfillJobOptions {
    /// Changes the job's state, and says so.
    fileprivate func set(
        _ state: HistoryJob.State, from former: [HistoryJob.State], reason: String?, done: String
    ) async throws {
        try await self.with { store, job in
            let name = TerminalText.escaped(job.name)
            guard try await store.set(state, of: job.name, from: former, reason: reason) else {
                let states = former.map(\.rawValue).joined(separator: " or ")
                throw HistoryOrder.Problem("\(name) is \(job.state.rawValue); it would have to be \(states)")
            }
            print("\(name) \(done)")
        }
    }
}
