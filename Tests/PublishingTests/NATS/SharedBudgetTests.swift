import CNATS
import Synchronization
import Testing

@testable import Publishing
@testable import Resilience

@Suite("A budget shared through a NATS server")
struct SharedBudgetTests {
    private static let window = RateWindow(.weight, limit: 200, per: .seconds(1))
    private static let limits = RateLimits(windows: [Self.window], headroom: 0, reserve: 0)

    /// A member with limiters of its own, and when it sent.
    private final class Member: Sendable {
        let registry = LimiterRegistry(clock: ContinuousClock())
        let budget: SharedBudget
        let sent = Mutex<[ContinuousClock.Instant]>([])
        let isBusy = Atomic<Bool>(false)

        init(_ number: Int, _ server: EmbeddedNATSServer) {
            var connection = NATSConnectionOptions(addresses: [server.url])
            connection.connectTimeout = .milliseconds(500)
            self.budget = SharedBudget(
                SharedBudget.Settings(
                    connection: connection, bucket: "BUDGET", id: "m\(number)",
                    member: BudgetMember.Settings(members: 3, fallbackPercent: 30)),
                of: self.registry)
            // Which hosts a process asks at stands behind the venue's own name, and differs.
            _ = self.limiter(number)
        }

        func limiter(_ number: Int) -> RateLimiter<ContinuousClock> {
            self.registry.limiter(for: "venue-scope host-\(number)", limits: SharedBudgetTests.limits)
        }

        var share: Int { self.registry.snapshots().first?.snapshot.share ?? 0 }

        /// Sends as fast as it may while it is busy.
        func run(_ number: Int) async {
            let limiter = self.limiter(number)
            while !Task.isCancelled {
                guard self.isBusy.load(ordering: .relaxed) else {
                    try? await Task.sleep(for: .milliseconds(10))
                    continue
                }
                guard (try? await limiter.acquire(priority: .polls, waitLimit: .seconds(1))) != nil else { continue }
                self.sent.withLock { $0.append(.now) }
            }
        }
    }

    private static func sent(by members: [Member]) -> [ContinuousClock.Instant] {
        members.flatMap { member in member.sent.withLock { $0 } }.sorted()
    }

    /// The most in any window; what was granted in the same instant is noted some microseconds later.
    private static func most(_ sent: [ContinuousClock.Instant]) -> Int {
        var (most, first) = (0, 0)
        for (index, time) in sent.enumerated() {
            while sent[first] <= time - Self.window.length + .milliseconds(20) { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    private static func wait(_ seconds: Int = 60, until isSo: () -> Bool) async throws -> Bool {
        try await PublishFixture.wait(seconds) { isSo() }
    }

    @Test("Three members come to equal parts, one alone to all but the floors, and without the server all to their own")
    func three() async throws {
        let server = try PublishFixture.makeServer(jetStream: true)
        try await server.start()
        let members = (0..<3).map { Member($0, server) }
        for member in members { member.budget.start() }
        await withTaskGroup(of: Void.self) { group in
            for (number, member) in members.enumerated() {
                for _ in 0..<20 { group.addTask { await member.run(number) } }
            }
            do {
                for member in members { member.isBusy.store(true, ordering: .relaxed) }
                #expect(try await Self.wait { members.allSatisfy { (320_000...340_000).contains($0.share) } })
                #expect(members.allSatisfy { $0.budget.figures.members == 3 })
                for member in members.dropFirst() { member.isBusy.store(false, ordering: .relaxed) }
                #expect(try await Self.wait { members[0].share == 800_000 })
                for member in members { member.isBusy.store(true, ordering: .relaxed) }
                await server.stop()
                #expect(try await Self.wait { members.allSatisfy { $0.share == 100_000 } })
                #expect(members[0].budget.figures.failed > 0)
                let count = Self.sent(by: members).count
                try await Task.sleep(for: .seconds(3))
                // 20 a second each, less what the buckets of the window keep longer.
                #expect(Self.sent(by: members).count - count > 120)
            } catch {
                Issue.record(error)
            }
            group.cancelAll()
        }
        for member in members { await member.budget.stop() }
        let sent = Self.sent(by: members)
        #expect(sent.count > 1_000)
        #expect(Self.most(sent) <= Self.window.limit)
    }

    @Test("A key is written only after the revision that was read, and anything else in it is no document")
    func revisions() async throws {
        let server = try PublishFixture.makeServer(jetStream: true)
        try await server.start()
        do {
            let connection = try StreamRig.connect(server)
            let (first, second) = (
                try BudgetBucket(connection, bucket: "B"), try BudgetBucket(connection, bucket: "B")
            )
            #expect(try first.read() == nil)
            try first.write(Array("one".utf8), after: nil)
            #expect(throws: NATSError.self) { try second.write(Array("two".utf8), after: nil) }
            let found = try #require(try second.read())
            #expect(String(decoding: found.bytes, as: UTF8.self) == "one")
            try second.write(Array("two".utf8), after: found.revision)
            let stale = #expect(throws: NATSError.self) {
                try first.write(Array("three".utf8), after: found.revision)
            }
            // By this the member knows that another was first.
            #expect(stale?.kind == .other)
            #expect(try first.read()?.bytes == Array("two".utf8))
        }
        await server.stop()
    }
}
