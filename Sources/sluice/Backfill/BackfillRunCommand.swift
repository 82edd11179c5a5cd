import ArgumentParser
import Backfill
import Collector

/// Fetches what jobs ask for.
struct BackfillRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Fetches: a new order, or the jobs that are not done.",
        discussion: """
            Ends when all jobs have ended, with 0 if nothing failed for good and no job had to pause, and 1 otherwise; a signal stops it within \
            seconds, and the next run goes on where it stood. While a collector works on the jobs (history.enabled), an \
            order is left to it.
            """)

    @OptionGroup var source: ConfigurationOptions
    @OptionGroup var order: BackfillOrderOptions
    @OptionGroup var output: BackfillOutputOptions

    @Option(help: ArgumentHelp("The new job's name; else made of the order.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Jobs of a higher one go first.", valueName: "number"))
    var priority: Int = 0

    func validate() throws {
        guard self.order.isGiven || self.name == nil else {
            throw ValidationError("--name is of a new job: what does it ask for?")
        }
        guard self.name.map({ (1...64).contains($0.utf8.count) }) ?? true else {
            throw ValidationError("--name has 1 to 64 characters.")
        }
    }

    func run() async throws {
        let (order, output) = try await BackfillSession.report {
            let order = self.order.isGiven ? try self.order.order(nowMilliseconds: WallClock.milliseconds) : nil
            return (order, try self.output.name())
        }
        let configuration = try self.source.load().configuration
        let lock: StateLock?
        do throws(StateLock.Refusal) {
            lock = try HistorySession.lock(configuration)
        } catch {
            guard case .held = error.kind, order != nil else {
                StandardError.write("sluice: \(error)\n")
                throw ExitStatus.unavailable
            }
            lock = nil
        }
        defer { withExtendedLifetime(lock) {} }
        try await BackfillSession.with(configuration) { service in
            if let order { try await self.add(order, output, to: service) }
            guard lock != nil else {
                print("another process works on the jobs: it takes this one as well")
                return
            }
            try await self.work(service)
        }
    }

    private func add(_ order: HistoryOrder, _ output: String, to service: HistoryService) async throws {
        let series = try await BackfillSession.series(of: order, service)
        let taken = Set(try await service.store.jobs(limit: .max).map(\.name))
        var name = self.name ?? "\(self.order.section.first ?? "job")-\(UTCTime.stamp(WallClock.milliseconds))"
        // Several orders of one second have a name each.
        let made = name
        var number = 1
        while self.name == nil, taken.contains(name) {
            number += 1
            name = "\(made)-\(number)"
        }
        try await service.add(
            HistoryJobOrder(
                name: name, series: series, rangeMilliseconds: order.rangeMilliseconds, output: output,
                priority: self.priority))
        print("job \(TerminalText.escaped(name)): \(series.count) series")
    }

    private func work(_ service: HistoryService) async throws {
        let open = try await service.store.jobs(limit: .max)
        let names = Set(open.filter { $0.state == .running }.map(\.name))
        guard !names.isEmpty else {
            let resting = open.filter { $0.state == .paused }
            print("no job is open" + (resting.isEmpty ? "" : "; resting: \(resting.count)"))
            // One that had to pause waits for somebody.
            if resting.contains(where: { $0.reason != nil }) { throw ExitCode(1) }
            return
        }
        let progress = BackfillProgress(service, jobs: names)
        let isStopped = await BackfillSession.untilStopped {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await progress.run() }
                try await service.run(untilDone: true)
                group.cancelAll()
            }
        }
        await progress.show(isLast: true)
        if case .failure(let error) = isStopped { throw error }
        let jobs = try await service.store.jobs()
        let isIncomplete = jobs.contains { job in
            guard names.contains(job.name) else { return false }
            return job.state == .ended ? job.piecesFailed > 0 : job.state == .paused && job.reason != nil
        }
        if isIncomplete { throw ExitCode(1) }
    }
}
