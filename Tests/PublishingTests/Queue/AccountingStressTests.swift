import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Publishing

@Suite("Accounts under fire")
struct AccountingStressTests {
    @Test("Every cut balances while a producer, a publisher and two readers run at full speed")
    func everyCutBalances() throws {
        let lane = PublishLane(
            kind: .log, limits: QueueLimits(bytes: 256 << 10, messages: 2000), waker: PublisherWaker())
        let isDone = Flag()
        let messages = 300_000
        let total = Total()
        let producer = try #require(NativeThread(name: "producer") { Self.produce(messages, into: lane) })
        let readers = try (0..<2).map { _ in
            try #require(NativeThread(name: "reader") { total.add(Self.read(lane, until: isDone)) })
        }
        Self.consume(lane, until: messages)
        isDone.raise()
        for thread in readers + [producer] { thread.join() }

        let cuts = total.cuts
        #expect(cuts.taken > 100)
        #expect(cuts.unbalanced == 0)
        #expect(cuts.loose * 20 <= cuts.taken, "\(cuts.loose) of \(cuts.taken) cuts found no quiet moment")
        let cut = lane.cut()
        #expect(cut.isBalanced && cut.queued == 0 && cut.inFlight == 0 && cut.produced == UInt64(messages))
        #expect(cut.confirmed > 0 && cut.unconfirmed > 0 && cut.dropped > 0 && cut.conflated > 0)
    }

    private static func produce(_ messages: Int, into lane: PublishLane) {
        var made = 0
        while made < messages {
            if made % 97 == 0 {
                lane.countConflated(.bbo)
                made += 1
            } else if PublishLaneTests.put(lane, payload: [1, 2, 3, 4]) {
                made += 1
            } else if made % 3 == 0 {
                lane.countDropped(.trade, .queueFull)
                made += 1
            } else {
                sched_yield()
            }
        }
    }

    private static func consume(_ lane: PublishLane, until messages: Int) {
        var random = SeededGenerator(seed: 7)
        while lane.cut().produced < messages || !lane.isEmpty {
            var sent = 0
            while sent < 100, let record = lane.nextUnsent() {
                if UInt8.random(in: 0...255, using: &random) == 0 { record.verdict = .refused }
                lane.markSent()
                sent += 1
            }
            switch UInt8.random(in: 0...9, using: &random) {
            case 0: lane.goBack()
            case 1: lane.release(lane.inFlightCount, as: .unconfirmed)
            default: lane.release(lane.inFlightCount / 2 + lane.inFlightCount % 2, as: .confirmed)
            }
            if sent == 0 { sched_yield() }
        }
    }

    private static func read(_ lane: PublishLane, until isDone: Flag) -> Cuts {
        var seen = Cuts()
        while !isDone.isRaised {
            let cut = lane.cut()
            seen.taken += 1
            if !cut.isConsistent { seen.loose += 1 } else if !cut.isBalanced { seen.unbalanced += 1 }
        }
        return seen
    }

    private final class Total: Sendable {
        private let sum = Mutex(Cuts())

        var cuts: Cuts { self.sum.withLock { $0 } }

        func add(_ cuts: Cuts) {
            self.sum.withLock {
                $0.taken += cuts.taken
                $0.loose += cuts.loose
                $0.unbalanced += cuts.unbalanced
            }
        }
    }

    private struct Cuts: Sendable {
        var taken = 0
        var loose = 0
        var unbalanced = 0
    }
}
