import Testing

@testable import Resilience

@Suite("The circuit breaker")
struct CircuitBreakerTests {
    private static let settings = CircuitBreaker.Settings(
        failures: 3, open: .seconds(5), openMaximum: .seconds(15), probes: 1, successes: 2)
    private struct Refused: Error {}

    private func pass(_ breaker: inout CircuitBreaker, at time: Duration) throws -> CircuitBreaker.Pass {
        guard case .allowed(let pass) = breaker.allow(now: time) else { throw Refused() }
        return pass
    }

    private func opened(at time: Duration) throws -> CircuitBreaker {
        var breaker = CircuitBreaker(settings: Self.settings)
        for _ in 0..<3 { breaker.failed(try self.pass(&breaker, at: time), now: time) }
        return breaker
    }

    @Test("It opens after failures in a row and refuses until its time")
    func opens() throws {
        var breaker = try self.opened(at: .zero)
        #expect(breaker.state == .open(until: .seconds(5)))
        #expect(breaker.allow(now: .milliseconds(4999)) == .refused(until: .seconds(5)))
        #expect(breaker.openings == 1)
    }

    @Test("A success between failures starts the count again")
    func successResets() throws {
        var breaker = CircuitBreaker(settings: Self.settings)
        for _ in 0..<10 {
            breaker.failed(try self.pass(&breaker, at: .zero), now: .zero)
            breaker.failed(try self.pass(&breaker, at: .zero), now: .zero)
            breaker.succeeded(try self.pass(&breaker, at: .zero))
        }
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test("Half open it lets one probe through at a time and closes after two good ones")
    func halfOpen() throws {
        var breaker = try self.opened(at: .zero)
        let first = try self.pass(&breaker, at: .seconds(5))
        #expect(breaker.allow(now: .seconds(5)) == .refused(until: nil))
        breaker.succeeded(first)
        #expect(breaker.state == .halfOpen(inFlight: 0, successes: 1))
        breaker.succeeded(try self.pass(&breaker, at: .seconds(6)))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test("A failed probe opens it twice as long, up to the maximum")
    func reopens() throws {
        var breaker = try self.opened(at: .zero)
        breaker.failed(try self.pass(&breaker, at: .seconds(5)), now: .seconds(5))
        #expect(breaker.state == .open(until: .seconds(15)))
        breaker.failed(try self.pass(&breaker, at: .seconds(15)), now: .seconds(15))
        #expect(breaker.state == .open(until: .seconds(30)))
    }

    @Test("An abandoned probe makes room for another")
    func abandoned() throws {
        var breaker = try self.opened(at: .zero)
        breaker.abandoned(try self.pass(&breaker, at: .seconds(5)))
        breaker.succeeded(try self.pass(&breaker, at: .seconds(5)))
        #expect(breaker.state == .halfOpen(inFlight: 0, successes: 1))
    }

    @Test("Answers to requests from before it opened change nothing")
    func lateAnswers() throws {
        var breaker = CircuitBreaker(settings: Self.settings)
        let late = try self.pass(&breaker, at: .zero)
        for _ in 0..<3 { breaker.failed(try self.pass(&breaker, at: .zero), now: .zero) }
        let open = breaker.state
        breaker.succeeded(late)
        breaker.failed(late, now: .seconds(1))
        breaker.abandoned(late)
        #expect(breaker.state == open)
    }
}

@Suite("The failure log")
struct FailureLogTests {
    @Test("It keeps the newest in order and counts all", arguments: [0, 1, 3, 4, 10, 11])
    func ring(records: Int) {
        var log = FailureLog<Int>(capacity: 3)
        for number in 0..<records { log.record(number) }
        #expect(log.total == records)
        #expect(log.entries == Array((0..<records).suffix(3)))
    }
}
