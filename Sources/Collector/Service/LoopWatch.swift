import Synchronization
import Transport

/// The latest figures of every loop, and when each last answered.
///
/// A loop that is stuck keeps its last figures and grows older; it holds up neither the others nor whoever looks.
final class LoopWatch: Sendable {
    struct Look: Sendable {
        /// Nil until the loop's worker is made.
        var summary: LoopSummary?
        /// By the clock that only goes forward, microseconds.
        var answeredSteady: Int64
    }

    private struct Entry {
        var look: Look
        var isAsked = false
    }

    private let workers: [LoopCell<LoopWorker>]
    private let entries: Mutex<[Entry]>

    init(_ workers: [LoopCell<LoopWorker>]) {
        self.workers = workers
        let start = Look(summary: nil, answeredSteady: LoopClock.monotonicMicroseconds())
        self.entries = Mutex(workers.map { _ in Entry(look: start) })
    }

    /// Asks every loop that owes no answer, and gives what is known once all have answered or `patience` is over.
    func look(patience: Duration) async -> [Look] {
        let (answers, answered) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingOldest(self.workers.count))
        var asked = 0
        for index in self.workers.indices where self.ask(index, answered) { asked += 1 }
        let awaited = asked
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var left = awaited
                guard left > 0 else { return }
                for await _ in answers {
                    left -= 1
                    if left == 0 { return }
                }
            }
            group.addTask { do { try await Task.sleep(for: patience) } catch { return } }
            await group.next()
            group.cancelAll()
        }
        return self.entries.withLock { $0.map(\.look) }
    }

    /// False when the loop owes an answer already or takes no command.
    private func ask(_ index: Int, _ answered: AsyncStream<Void>.Continuation) -> Bool {
        let isFree = self.entries.withLock { entries in
            defer { entries[index].isAsked = true }
            return !entries[index].isAsked
        }
        guard isFree else { return false }
        let isTaken = self.workers[index].submitAlways { worker in
            let summary = worker?.summary()
            self.entries.withLock { entries in
                entries[index].isAsked = false
                entries[index].look.answeredSteady = LoopClock.monotonicMicroseconds()
                if let summary { entries[index].look.summary = summary }
            }
            answered.yield()
        }
        if !isTaken { self.entries.withLock { $0[index].isAsked = false } }
        return isTaken
    }
}
