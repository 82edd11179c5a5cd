import Backfill
import Logging
import Synchronization

extension CollectorService {
    /// What is waited after the work on history could not begin or ended by an error.
    private static let historyPause = Duration.seconds(60)
    private static let jobsLook = Duration.seconds(5)

    /// Works on the jobs of history at the lowest priority, until the task is cancelled.
    func workOnHistory(_ rest: VenueRequests) async {
        while !Task.isCancelled {
            do {
                try await self.workOnHistoryOnce(rest)
            } catch {
                self.log.error("history rests", metadata: ["error": "\(error)"])
            }
            do { try await Task.sleep(for: Self.historyPause) } catch { return }
        }
    }

    private func workOnHistoryOnce(_ rest: VenueRequests) async throws {
        let store = try HistorySession.openStore(self.configuration)
        let lock: StateLock
        let history: HistoryService
        do {
            lock = try HistorySession.lock(self.configuration)
            history = try HistoryService(
                self.configuration, store: store, rest: rest, resolver: self.resolver, natsURL: self.natsURL,
                log: self.log)
        } catch {
            store.close()
            throw error
        }
        defer { withExtendedLifetime(lock) {} }
        self.history.withLock { $0 = history }
        defer { self.history.withLock { $0 = nil } }
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await withThrowingDiscardingTaskGroup { group in
                    group.addTask { await self.tellOfJobs(store) }
                    try await history.run(untilDone: false)
                    group.cancelAll()
                })
        } catch {
            result = .failure(error)
        }
        await history.close()
        try result.get()
    }

    /// Logs what becomes of the jobs, which nobody watches here.
    private func tellOfJobs(_ store: HistoryStore) async {
        var news = HistoryJobNews()
        while !Task.isCancelled {
            for item in news.taken((try? await store.jobs()) ?? []) {
                self.log.log(
                    level: item.isWarning ? .warning : .notice, "job of history \(item.text)",
                    metadata: ["job": "\(item.job)"])
            }
            do { try await Task.sleep(for: Self.jobsLook) } catch { return }
        }
    }
}
