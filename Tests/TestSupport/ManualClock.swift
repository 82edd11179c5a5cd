internal import Synchronization

/// A clock that stands still until told to move, and says when somebody sleeps on it.
package final class ManualClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - self.offset }
        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct Sleeper {
        let id: UInt64
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID: UInt64 = 1
        var sleepers: [Sleeper] = []
        var cancelledEarly: Set<UInt64> = []
        var watchers: [Watcher] = []

        /// Takes out the watchers whose number of sleepers is reached.
        mutating func satisfiedWatchers() -> [Watcher] {
            let count = self.sleepers.count
            let satisfied = self.watchers.filter { $0.count == count }
            self.watchers.removeAll { $0.count == count }
            return satisfied
        }
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Instant { self.state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }
    /// How many sleep now.
    package var sleepers: Int { self.state.withLock { $0.sleepers.count } }
    /// When the first of the sleepers wakes.
    package var nextDeadline: Duration? { self.state.withLock { $0.sleepers.map(\.deadline.offset).min() } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = self.state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.arm(Sleeper(id: id, deadline: deadline, continuation: continuation))
            }
        } onCancel: {
            self.cancel(id)
        }
    }

    /// Moves time and wakes everyone whose deadline has come, earliest first.
    package func advance(by duration: Duration) {
        let (due, watchers) = self.state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            let due = state.sleepers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= now }
            return (due, state.satisfiedWatchers())
        }
        for sleeper in due { sleeper.continuation.resume() }
        for watcher in watchers { watcher.continuation.resume() }
    }

    /// Returns once exactly `count` sleep.
    package func waitForSleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = self.state.withLock { state in
                if state.sleepers.count == count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if reached { continuation.resume() }
        }
    }

    private enum Arming {
        case asleep([Watcher])
        case due
        case cancelled
    }

    private func arm(_ sleeper: Sleeper) {
        let arming = self.state.withLock { state -> Arming in
            if state.cancelledEarly.remove(sleeper.id) != nil { return .cancelled }
            if sleeper.deadline <= state.now { return .due }
            state.sleepers.append(sleeper)
            return .asleep(state.satisfiedWatchers())
        }
        switch arming {
        case .asleep(let watchers):
            for watcher in watchers { watcher.continuation.resume() }
        case .due:
            sleeper.continuation.resume()
        case .cancelled:
            sleeper.continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(_ id: UInt64) {
        let (sleeper, watchers) = self.state.withLock { state -> (Sleeper?, [Watcher]) in
            guard let place = state.sleepers.firstIndex(where: { $0.id == id }) else {
                state.cancelledEarly.insert(id)
                return (nil, [])
            }
            let sleeper = state.sleepers.remove(at: place)
            return (sleeper, state.satisfiedWatchers())
        }
        sleeper?.continuation.resume(throwing: CancellationError())
        for watcher in watchers { watcher.continuation.resume() }
    }
}
