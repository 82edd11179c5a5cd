import Backfill
import Collector
import Glibc
import Synchronization

/// Shows how the jobs go on: redrawn on a terminal, a line every ten seconds on a pipe.
final class BackfillProgress: Sendable {
    private static let pipePause = 10

    private let service: HistoryService
    private let jobs: Set<String>
    private let size = TerminalSize.current(of: STDOUT_FILENO)
    private let screen = Mutex(LiveScreen())
    private let rates = Mutex(HistoryRates())

    /// - Parameter jobs: Those that ran at the start; what was over before is not shown.
    init(_ service: HistoryService, jobs: Set<String>) {
        self.service = service
        self.jobs = jobs
    }

    func run() async {
        var round = 0
        while !Task.isCancelled {
            if self.size != nil || round % Self.pipePause == 0 { await self.show(isLast: false) }
            round += 1
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    func show(isLast: Bool) async {
        guard let jobs = try? await self.service.store.jobs() else { return }
        let table = HistoryTable(columns: self.size?.columns)
        let activity = self.service.activity
        let rates = self.rates.withLock { $0.taken(activity, atMilliseconds: WallClock.milliseconds) }
        let shown = jobs.filter { $0.state == .running || self.jobs.contains($0.name) }
        let lines = table.progress(shown, activity, rates, self.service.budgets())
        if self.size != nil {
            print(self.screen.withLock { $0.frame(lines) }, terminator: "")
        } else {
            for line in lines { print(line) }
        }
        StandardOutput.flush()
    }
}
