internal import Resilience
internal import Synchronization

/// The pieces that have ended since they were last asked for; at most as many as are in work.
final class PieceEnds: Sendable {
    private struct State {
        var ids: [Int64] = []
        var waiter: Reply<Void>?
    }

    private let state = Mutex(State())

    func add(_ id: Int64) {
        let waiter = self.state.withLock { state in
            state.ids.append(id)
            return state.waiter.take()
        }
        waiter?.give(())
    }

    func take() -> [Int64] {
        self.state.withLock { state in
            defer { state.ids.removeAll() }
            return state.ids
        }
    }

    /// Returns when a piece has ended, or after a time, or when the task is cancelled.
    func wait(atMost time: Duration) async {
        let reply = Reply<Void>()
        let isThere = self.state.withLock { state in
            state.waiter = reply
            return !state.ids.isEmpty
        }
        if isThere { return }
        let timer = Task {
            try? await Task.sleep(for: time)
            reply.give(())
        }
        _ = await reply.wait()
        timer.cancel()
    }
}
