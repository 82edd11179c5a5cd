import Glibc
import Synchronization
import Testing

@testable import Publishing

@Suite("Accounts under fire")
struct AccountingStressTests {
    @Test("Every cut balances while a producer, a publisher and two readers run at full speed")
    func everyCutBalances() async {
        let lane = PublishLane(
            mode: .jetstream, limits: QueueLimits(bytes: 256 << 10, messages: 2000), waker: PublisherWaker())
        let isDone = Atomic<Bool>(false)
        let messages = 400_000
        await withTaskGroup(of: (cuts: Int, loose: Int, unbalanced: Int).self) { group in
            group.addTask {
                Self.produce(messages, into: lane)
                return (0, 0, 0)
            }
            group.addTask {
                Self.consume(lane, until: messages)
                isDone.store(true, ordering: .releasing)
                return (0, 0, 0)
            }
            group.addTask { Self.read(lane, until: isDone) }
            var cuts = 0
            var loose = 0
            for await result in group {
                cuts += result.cuts
                loose += result.loose
                #expect(result.unbalanced == 0)
            }
            #expect(cuts > 100)
            #expect(loose * 100 <= cuts, "\(loose) of \(cuts) cuts found no quiet moment")
        }
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

    private static func read(_ lane: PublishLane, until isDone: borrowing Atomic<Bool>) -> (Int, Int, Int) {
        var cuts = 0
        var loose = 0
        var unbalanced = 0
        while !isDone.load(ordering: .acquiring) {
            let cut = lane.cut()
            cuts += 1
            if !cut.isConsistent { loose += 1 } else if !cut.isBalanced { unbalanced += 1 }
        }
        return (cuts, loose, unbalanced)
    }
}
