import TestSupport
import Testing

@testable import Resilience

/// A core on a clock that stands still, and requests that end as they are told to.
final class CoreRig: Sendable {
    enum Failure: ClassifiedFailure, Hashable {
        case unreachable
        case broken
        case rateLimited(Duration?)
        case refused
        case cancelled

        var failureClass: FailureClass {
            switch self {
            case .unreachable: .noAnswer
            case .broken: .unavailable
            case .rateLimited: .rateLimited
            case .refused: .refused
            case .cancelled: .cancelled
            }
        }

        var recovery: Recovery {
            switch self {
            case .unreachable, .broken: .retry(after: nil)
            case .rateLimited(let time): .closeScope(for: time)
            case .refused, .cancelled: .giveUp
            }
        }

        var mayHaveBeenSent: Bool { self != .unreachable }
        var detail: String { String(repeating: "no. ", count: 100) }
    }

    /// How one attempt ends.
    enum Step: Sendable {
        case success(Int)
        case failure(Failure)
        /// Not before it is cancelled.
        case hang
    }

    typealias Asked = Task<Result<Int, CoreError<Failure>>, Never>

    static let limits = RateLimits(
        windows: [RateWindow(.weight, limit: 100, per: .seconds(60))], headroom: 0, reserve: 0)

    let clock = ManualClock()
    let core: RequestCore<ManualClock>

    init(concurrency: Int = 8) {
        var settings = HostSettings()
        settings.breaker = CircuitBreaker.Settings(failures: 3, open: .seconds(5))
        settings.concurrency = AdaptiveConcurrency.Settings(minimum: 1, initial: concurrency)
        self.core = RequestCore(clock: self.clock, settings: settings)
    }

    func limiter(_ scope: String) -> RateLimiter<ManualClock> {
        self.core.limiters.limiter(for: scope, limits: Self.limits)
    }

    /// What the core knows of a host; nil before it was asked.
    func host(_ host: String = "host:443") -> HostSnapshot? {
        self.core.snapshot().hosts.first { $0.host == host }
    }

    /// Starts a request whose attempts end by a script, the last step for ever.
    func ask(
        _ script: [Step], weight: Int = 1, scopes: [String] = ["venue"], closing: [String]? = nil,
        host: String = "host:443", priority: RatePriority = .polls, attempts: Int = 5, closures: Int = 10,
        total: Duration = .seconds(300)
    ) -> Asked {
        let request = CoreRequest(
            host: host, endpoint: "/path",
            draws: scopes.map {
                RateDraw(self.limiter($0), weight: weight, closes: closing?.contains($0) ?? true)
            }, priority: priority,
            policy: RetryPolicy(
                attempts: attempts, total: total, backoff: Backoff(base: .milliseconds(200), cap: .seconds(1)),
                closure: .seconds(60), closures: closures))
        return Task {
            do throws(CoreError<Failure>) {
                return .success(
                    try await self.core.run(request) { attempt throws(Failure) in
                        await Task.yield()
                        switch script[min(attempt, script.count) - 1] {
                        case .success(let value): return value
                        case .failure(let failure): throw failure
                        case .hang:
                            while !Task.isCancelled { await Task.yield() }
                            throw .cancelled
                        }
                    })
            } catch {
                return .failure(error)
            }
        }
    }

    /// Moves the clock to where the first sleeper wakes.
    func wakeFirst() {
        guard let next = self.clock.nextDeadline, next > self.clock.now.offset else { return }
        self.clock.advance(by: next - self.clock.now.offset)
    }

    /// Moves the clock whenever one sleeps on it, for as long as `body` runs.
    func moving<Value>(_ body: () async -> Value) async -> Value {
        let mover = Task {
            while !Task.isCancelled {
                self.wakeFirst()
                await Task.yield()
            }
        }
        defer { mover.cancel() }
        return await body()
    }

    /// Waits, ten seconds at most of real time, until a condition holds.
    func eventually(_ condition: () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            await Task.yield()
        }
        return false
    }

    /// Checks that every permit and every place came back.
    func expectNothingHeld(_ comment: String = "") {
        let (hosts, scopes) = self.core.snapshot()
        for (scope, snapshot) in scopes {
            #expect(snapshot.held == 0 && snapshot.waiting.total == 0, "\(scope) \(comment)")
        }
        for host in hosts {
            #expect(host.gate.inFlight == 0 && host.gate.waiting.total == 0, "\(host.host) \(comment)")
            if case .halfOpen(let inFlight, _) = host.breaker { #expect(inFlight == 0, "\(comment)") }
        }
        #expect(self.clock.sleepers == 0, "\(comment)")
    }
}

extension Result {
    /// How it failed; nil where it did not.
    var error: Failure? {
        switch self {
        case .success: nil
        case .failure(let error): error
        }
    }
}
