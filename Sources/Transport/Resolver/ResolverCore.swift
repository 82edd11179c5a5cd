internal import Glibc
internal import Synchronization

/// What a resolver and its threads share: the queue of names, who waits for them, and the answers remembered.
final class ResolverCore: Sendable {
    private struct Waiter {
        let completion: Resolver.Completion
        let deadline: Int64
    }

    private struct Answer {
        let addresses: [String]
        let expires: Int64
        var turn = 0
    }

    private struct State {
        var queue: [String] = []
        var waiters: [String: [Waiter]] = [:]
        var answers: [String: Answer] = [:]
        var counters = ResolverCounters()
        var isStopped = false
    }

    private let options: ResolverOptions
    private let lookup: Resolver.Lookup
    private let state = Mutex(State())
    private let wake = WakeSemaphore()

    init(options: ResolverOptions, lookup: @escaping Resolver.Lookup) {
        self.options = options
        self.lookup = lookup
    }

    var counters: ResolverCounters {
        self.state.withLock { state in
            var counters = state.counters
            counters.cached = state.answers.count
            return counters
        }
    }

    func request(host: String, patience: Duration, completion: @escaping Resolver.Completion) {
        let now = LoopClock.monotonicMicroseconds()
        let immediate: Result<[String], ResolveError>? = self.state.withLock { state in
            guard !state.isStopped else { return .failure(.stopped) }
            if let addresses = Self.remembered(host: host, now: now, state: &state) { return .success(addresses) }
            guard state.counters.waiting < self.options.queueLimit else {
                state.counters.refused &+= 1
                return .failure(.queueFull)
            }
            state.counters.waiting += 1
            let deadline = now.addingReportingOverflow(patience.wholeMicroseconds)
            let waiter = Waiter(completion: completion, deadline: deadline.overflow ? .max : deadline.partialValue)
            if state.waiters[host]?.append(waiter) == nil {
                state.waiters[host] = [waiter]
                state.queue.append(host)
                self.wake.signal()
            }
            return nil
        }
        if let immediate { completion(immediate) }
    }

    func stop() {
        let abandoned = self.state.withLock { state in
            guard !state.isStopped else { return [Waiter]() }
            state.isStopped = true
            let abandoned = state.waiters.values.flatMap { $0 }
            state.waiters = [:]
            state.queue = []
            state.answers = [:]
            state.counters.waiting = 0
            return abandoned
        }
        for _ in 0..<max(1, self.options.threads) { self.wake.signal() }
        for waiter in abandoned { waiter.completion(.failure(.stopped)) }
    }

    /// Serves one name, waiting for it; `false` once stopped.
    func serveNext() -> Bool {
        self.wake.wait()
        let now = LoopClock.monotonicMicroseconds()
        let (host, expired, isStopped) = self.state.withLock { state in
            guard !state.isStopped else { return (String?.none, [Waiter](), true) }
            guard !state.queue.isEmpty else { return (nil, [], false) }
            let host = state.queue.removeFirst()
            let waiters = state.waiters[host] ?? []
            let expired = waiters.filter { $0.deadline <= now }
            let patient = waiters.filter { $0.deadline > now }
            state.counters.expired &+= UInt64(expired.count)
            state.counters.waiting -= expired.count
            state.waiters[host] = patient.isEmpty ? nil : patient
            return (patient.isEmpty ? nil : host, expired, false)
        }
        for waiter in expired { waiter.completion(.failure(.timedOut)) }
        if let host { self.look(up: host) }
        return !isStopped
    }

    private func look(up host: String) {
        let outcome = self.lookup(host)
        let now = LoopClock.monotonicMicroseconds()
        let waiters = self.state.withLock { state in
            state.counters.lookups &+= 1
            let waiters = state.waiters.removeValue(forKey: host) ?? []
            state.counters.waiting -= waiters.count
            switch outcome {
            case .success(let addresses): self.remember(addresses, of: host, now: now, state: &state)
            case .failure: state.counters.failures &+= 1
            }
            return waiters
        }
        for (turn, waiter) in waiters.enumerated() {
            waiter.completion(outcome.map { Self.rotated($0, by: turn) })
        }
    }

    private func remember(_ addresses: [String], of host: String, now: Int64, state: inout State) {
        guard !state.isStopped, self.options.cacheLimit > 0 else { return }
        if state.answers.count >= self.options.cacheLimit, state.answers[host] == nil {
            let oldest = state.answers.min { $0.value.expires < $1.value.expires }
            if let oldest { state.answers[oldest.key] = nil }
        }
        state.answers[host] = Answer(
            addresses: addresses, expires: now + self.options.cacheLifetime.wholeMicroseconds, turn: 1)
    }

    private static func remembered(host: String, now: Int64, state: inout State) -> [String]? {
        guard var answer = state.answers[host] else { return nil }
        guard answer.expires > now else {
            state.answers[host] = nil
            return nil
        }
        state.counters.cacheHits &+= 1
        let addresses = Self.rotated(answer.addresses, by: answer.turn)
        answer.turn &+= 1
        state.answers[host] = answer
        return addresses
    }

    /// Rotates the addresses of the preferred family; the other family follows as it was.
    ///
    /// The system sorts by reachability, so a family that it put last may not work at all.
    static func rotated(_ addresses: [String], by turn: Int) -> [String] {
        guard let first = addresses.first else { return addresses }
        let isSix = first.contains(":")
        let preferred = addresses.filter { $0.contains(":") == isSix }
        let others = addresses.filter { $0.contains(":") != isSix }
        let start = Int(UInt(bitPattern: turn) % UInt(preferred.count))
        return Array(preferred[start...] + preferred[..<start] + others)
    }
}

/// A counting semaphore of the system, freed with its owner.
private final class WakeSemaphore: @unchecked Sendable {
    // Safe: POSIX semaphores are made for use from several threads, and the memory outlives every user.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        self.semaphore = .allocate(capacity: 1)
        self.semaphore.initialize(to: sem_t())
        sem_init(self.semaphore, 0, 0)
    }

    deinit {
        sem_destroy(self.semaphore)
        self.semaphore.deallocate()
    }

    func signal() {
        sem_post(self.semaphore)
    }

    func wait() {
        while sem_wait(self.semaphore) != 0 && errno == EINTR {}
    }
}
