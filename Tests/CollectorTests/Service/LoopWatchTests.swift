import Foundation
import Testing
import Transport

@testable import Collector

@Suite("The watch over the loops")
struct LoopWatchTests {
    @Test("A stuck loop grows older and holds up neither the others nor whoever looks")
    func stuck() async throws {
        let loops = (0..<2).map { ServiceLoop(options: ServiceLoopOptions(name: "watch-\($0)")) }
        for loop in loops { try loop.start() }
        let watch = LoopWatch(loops.map { LoopCell($0) })
        let first = await watch.look(patience: .seconds(10))
        let isStuck = DispatchSemaphore(value: 0)
        let mayGo = DispatchSemaphore(value: 0)
        let isTaken = loops[0].submit { _ in
            isStuck.signal()
            mayGo.wait()
        }
        #expect(isTaken)
        await Self.wait(for: isStuck)
        let second = await watch.look(patience: .milliseconds(50))
        #expect(second[0].answeredSteady == first[0].answeredSteady)
        #expect(second[1].answeredSteady > first[1].answeredSteady)
        // It owes an answer, so it is not asked again: its mailbox does not fill.
        let third = await watch.look(patience: .seconds(10))
        #expect(loops[0].waitingCommands == 1)
        #expect(third[1].answeredSteady > second[1].answeredSteady)
        mayGo.signal()
        let deadline = ContinuousClock.now + .seconds(10)
        var last = third
        while last[0].answeredSteady == first[0].answeredSteady, ContinuousClock.now < deadline {
            last = await watch.look(patience: .milliseconds(50))
        }
        #expect(last[0].answeredSteady > first[0].answeredSteady)
        for loop in loops { loop.stop() }
    }

    private static func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                semaphore.wait()
                continuation.resume()
            }
        }
    }
}
