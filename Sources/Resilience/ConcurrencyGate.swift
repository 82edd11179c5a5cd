internal import Synchronization

/// Why a gate let a request not in; nothing is taken then.
package enum ConcurrencyGateError: Error, Hashable {
    case cancelled
    /// As many requests of this priority wait as may.
    case tooManyWaiting
    case waitedTooLong
}

/// Lets as many requests to a host be on their way as `AdaptiveConcurrency` says, in order of priority.
///
/// The line is that of the limiter: a request is due when it came plus one `aging` for every step of priority below
/// `resync`, and who is due first goes first. Whoever leaves hands the place to the next at once.
package final class ConcurrencyGate<C: Clock>: Sendable where C.Duration == Duration {
    /// A request's place; to be returned by `leave` exactly once.
    package struct Place: Sendable {
        fileprivate let entry: AdaptiveConcurrency.Entry
    }

    /// What a request says about the host.
    package enum Answer: Hashable, Sendable {
        case good
        case error
        /// It was never sent, or its end says nothing about the host.
        case neutral
    }

    private typealias Outcome = Result<Place, ConcurrencyGateError>

    private struct Waiter {
        let number: UInt64
        let priority: RatePriority
        let cameAt: Duration
        let due: Duration
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var control: AdaptiveConcurrency
        var line: [Waiter] = []
        var nextNumber: UInt64 = 1
        var inFlight = 0
        var waiting = PerPriority()
        var entered = PerPriority()
        var refused = 0
        var cancelled = 0
        var timedOut = 0
        var waits = DurationHistogram(bounds: DurationHistogram.waitBounds)

        mutating func enter(_ priority: RatePriority, waited: Duration) -> Place {
            self.inFlight += 1
            self.entered[priority] += 1
            self.waits.record(waited)
            return Place(entry: self.control.began(inFlight: self.inFlight))
        }

        /// Takes one out of the line, if it still waits.
        mutating func remove(_ number: UInt64) -> Waiter? {
            guard let place = self.line.firstIndex(where: { $0.number == number }) else { return nil }
            let waiter = self.line.remove(at: place)
            self.waiting[waiter.priority] -= 1
            return waiter
        }

        /// Lets in all that there is room for.
        mutating func admit(now: Duration) -> [(waiter: Waiter, place: Place)] {
            var admitted: [(waiter: Waiter, place: Place)] = []
            while self.inFlight < self.control.limit, let first = self.line.first {
                self.line.removeFirst()
                self.waiting[first.priority] -= 1
                admitted.append((first, self.enter(first.priority, waited: now - first.cameAt)))
            }
            return admitted
        }
    }

    private let clock: C
    private let origin: C.Instant
    private let aging: Duration
    private let waitersPerPriority: Int
    private let state: Mutex<State>

    init(
        clock: C, settings: AdaptiveConcurrency.Settings = AdaptiveConcurrency.Settings(),
        aging: Duration = .seconds(30), waitersPerPriority: Int = 4096
    ) {
        precondition(aging >= .zero && waitersPerPriority > 0)
        self.clock = clock
        self.origin = clock.now
        self.aging = aging
        self.waitersPerPriority = waitersPerPriority
        self.state = Mutex(State(control: AdaptiveConcurrency(settings: settings)))
    }

    /// Waits for a place, in order of priority.
    ///
    /// - Parameter waitLimit: The longest wait; `nil` waits as long as it takes.
    package func enter(
        _ priority: RatePriority, waitLimit: Duration? = nil
    ) async throws(ConcurrencyGateError) -> Place {
        let cameAt = self.now
        let (free, number) = self.state.withLock { state -> (Place?, UInt64) in
            if state.inFlight < state.control.limit, state.line.isEmpty {
                return (state.enter(priority, waited: .zero), 0)
            }
            state.nextNumber += 1
            return (nil, state.nextNumber - 1)
        }
        if let free { return free }
        guard let waitLimit else { return try await self.wait(number, priority, cameAt, deadline: nil).get() }
        let deadline = cameAt + waitLimit
        let outcome = await withTaskGroup(of: Void.self, returning: Outcome.self) { group in
            group.addTask {
                do { try await self.clock.sleep(until: self.origin.advanced(by: deadline), tolerance: nil) } catch {
                    return
                }
                self.expire(number)
            }
            let outcome = await self.wait(number, priority, cameAt, deadline: deadline)
            group.cancelAll()
            return outcome
        }
        return try outcome.get()
    }

    /// Returns a place, which goes to the next in line.
    package func leave(_ place: Place, _ answer: Answer) {
        let now = self.now
        let admitted = self.state.withLock { state in
            state.inFlight -= 1
            if answer != .neutral { state.control.ended(place.entry, isError: answer == .error, now: now) }
            return state.admit(now: now)
        }
        for (waiter, place) in admitted { waiter.continuation.resume(returning: .success(place)) }
    }

    package func snapshot() -> ConcurrencyGateSnapshot {
        self.state.withLock { state in
            ConcurrencyGateSnapshot(
                limit: state.control.limit, inFlight: state.inFlight, waiting: state.waiting,
                waitingMost: self.waitersPerPriority * RatePriority.allCases.count, entered: state.entered,
                refused: state.refused, cancelled: state.cancelled, timedOut: state.timedOut,
                growths: state.control.growths, halvings: state.control.halvings, waits: state.waits)
        }
    }

    // MARK: - Private

    private var now: Duration { self.origin.duration(to: self.clock.now) }

    private func wait(
        _ number: UInt64, _ priority: RatePriority, _ cameAt: Duration, deadline: Duration?
    ) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    number: number, priority: priority, cameAt: cameAt, due: cameAt + self.aging * priority.rawValue,
                    continuation: continuation)
                if let outcome = self.queue(waiter, deadline: deadline) { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            self.drop(number, .cancelled) { $0.cancelled += 1 }
        }
    }

    /// Puts a request into the line; not nil when it is answered at once.
    private func queue(_ waiter: Waiter, deadline: Duration?) -> Outcome? {
        self.state.withLock { state in
            // What cancels or expires before this finds nobody in the line; afterwards it does.
            guard !Task.isCancelled else {
                state.cancelled += 1
                return .failure(.cancelled)
            }
            if let deadline, self.now >= deadline {
                state.timedOut += 1
                return .failure(.waitedTooLong)
            }
            // A place may have become free meanwhile.
            if state.inFlight < state.control.limit, state.line.isEmpty {
                return .success(state.enter(waiter.priority, waited: .zero))
            }
            guard state.waiting[waiter.priority] < self.waitersPerPriority else {
                state.refused += 1
                return .failure(.tooManyWaiting)
            }
            let place = state.line.firstIndex { $0.due > waiter.due } ?? state.line.endIndex
            state.line.insert(waiter, at: place)
            state.waiting[waiter.priority] += 1
            return nil
        }
    }

    private func expire(_ number: UInt64) {
        self.drop(number, .waitedTooLong) { $0.timedOut += 1 }
    }

    private func drop(_ number: UInt64, _ error: ConcurrencyGateError, count: (inout State) -> Void) {
        let waiter = self.state.withLock { state in
            let waiter = state.remove(number)
            if waiter != nil { count(&state) }
            return waiter
        }
        waiter?.continuation.resume(returning: .failure(error))
    }
}
