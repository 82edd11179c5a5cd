import Synchronization
import Testing

@testable import Transport

@Suite("A resolver")
struct ResolverTests {
    @Test("Addresses rotate within the preferred family")
    func rotation() {
        let addresses = ["10.0.0.1", "10.0.0.2", "::1"]
        #expect(ResolverCore.rotated(addresses, by: 0) == ["10.0.0.1", "10.0.0.2", "::1"])
        #expect(ResolverCore.rotated(addresses, by: 1) == ["10.0.0.2", "10.0.0.1", "::1"])
        #expect(ResolverCore.rotated(addresses, by: 2) == ["10.0.0.1", "10.0.0.2", "::1"])
    }

    @Test("One look-up serves all who ask meanwhile, and those who ask soon after")
    func sharing() {
        let release = Signal()
        let asked = Atomic2()
        let resolver = Resolver { _ in
            asked.add()
            _ = release.wait(seconds: 10)
            return .success(["10.0.0.1", "10.0.0.2"])
        }
        let answers = Recorder<String>()
        for _ in 0..<4 {
            resolver.resolve(host: "venue.test", patience: .seconds(10)) { answers.append((try? $0.get().first) ?? "") }
        }
        #expect(eventually { asked.value == 1 })
        release.set()
        #expect(eventually { answers.values.count == 4 })
        resolver.resolve(host: "venue.test", patience: .seconds(10)) { answers.append((try? $0.get().first) ?? "") }
        #expect(answers.values == ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.2"])
        #expect(resolver.counters.lookups == 1)
        #expect(resolver.counters.cacheHits == 1)
        resolver.stop()
    }

    @Test("The queue is bounded, what waits too long is not looked up, and a stop answers the rest")
    func bounds() {
        let release = Signal()
        let entered = Signal()
        var options = ResolverOptions()
        options.threads = 1
        options.queueLimit = 3
        let resolver = Resolver(options: options) { _ in
            entered.set()
            _ = release.wait(seconds: 10)
            return .failure(.refused(code: -2))
        }
        let answers = Recorder<Result<[String], ResolveError>>()
        resolver.resolve(host: "busy.test", patience: .seconds(10)) { answers.append($0) }
        #expect(entered.wait(seconds: 10))
        resolver.resolve(host: "late.test", patience: .zero) { answers.append($0) }
        resolver.resolve(host: "other.test", patience: .seconds(10)) { answers.append($0) }
        resolver.resolve(host: "fourth.test", patience: .seconds(10)) { answers.append($0) }
        #expect(answers.values == [.failure(.queueFull)])
        release.set()
        #expect(eventually { answers.values.count == 4 })
        #expect(answers.values[1] == .failure(.refused(code: -2)))
        #expect(answers.values.contains(.failure(.timedOut)))
        resolver.stop()
        resolver.resolve(host: "after.test", patience: .seconds(1)) { answers.append($0) }
        #expect(answers.values.last == .failure(.stopped))
    }

    @Test("An address is its own answer, and the system knows localhost")
    func system() {
        let resolver = Resolver()
        let answers = Recorder<[String]>()
        resolver.resolve(host: "192.0.2.7", patience: .seconds(1)) { answers.append((try? $0.get()) ?? []) }
        #expect(answers.values == [["192.0.2.7"]])
        resolver.resolve(host: "localhost", patience: .seconds(10)) { answers.append((try? $0.get()) ?? []) }
        #expect(eventually { answers.values.count == 2 })
        #expect(answers.values.last?.contains { $0 == "127.0.0.1" || $0 == "::1" } == true)
        resolver.stop()
    }
}

/// A counter for closures.
private final class Atomic2: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { self.count.load(ordering: .relaxed) }
    func add() { self.count.wrappingAdd(1, ordering: .relaxed) }
}
