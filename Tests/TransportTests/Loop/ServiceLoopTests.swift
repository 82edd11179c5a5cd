import Synchronization
import Testing

@testable import Transport

@Suite("A service loop")
struct ServiceLoopTests {
    @Test("Commands run in order on the loop, also those that were taken just before it stops")
    func commandsInOrder() throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "order"))
        try loop.start()
        let seen = Recorder<Int>()
        for index in 0..<1000 {
            #expect(loop.submit { _ in seen.append(index) })
        }
        loop.stop()
        #expect(seen.values == Array(0..<1000))
    }

    @Test("A command is refused, and counted, when the mailbox is full or the loop does not run")
    func refusals() throws {
        var options = ServiceLoopOptions(name: "full")
        options.mailboxLimit = 4
        let loop = ServiceLoop(options: options)
        #expect(!loop.submit { _ in })
        try loop.start()
        let entered = Signal()
        let release = Signal()
        #expect(
            loop.submit { _ in
                entered.set()
                _ = release.wait(seconds: 10)
            })
        #expect(entered.wait(seconds: 10))
        for _ in 0..<4 { #expect(loop.submit { _ in }) }
        #expect(!loop.submit { _ in })
        release.set()
        loop.stop()
        #expect(!loop.submit { _ in })
        #expect(loop.refusedCommands == 3)
    }

    @Test("A loop starts once")
    func startsOnce() throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "once"))
        try loop.start()
        #expect(throws: ServiceLoopError.alreadyStarted) { try loop.start() }
        loop.stop()
        loop.stop()
        #expect(throws: ServiceLoopError.alreadyStarted) { try loop.start() }
    }

    @Test("A CA file that cannot be read keeps the loop from starting")
    func unreadableCA() {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "ca", caFile: "/nonexistent/ca.pem"))
        #expect(throws: ServiceLoopError.clientSideRefused(caFile: "/nonexistent/ca.pem")) { try loop.start() }
    }

    @Test("Timers fire in order of their time, can be moved, and stay silent when cancelled")
    func timers() throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "timers"))
        try loop.start()
        let seen = Recorder<String>()
        let done = Signal()
        _ = loop.submit { context in
            context.schedule(after: .milliseconds(30)) { seen.append("late") }
            context.schedule(after: .milliseconds(5)) { seen.append("early") }
            let cancelled = context.schedule(after: .milliseconds(10)) { seen.append("cancelled") }
            let moved = context.makeTimer { seen.append("moved") }
            moved.schedule(after: .milliseconds(1))
            moved.schedule(after: .milliseconds(60))
            context.schedule(after: .milliseconds(8)) { cancelled.cancel() }
            context.schedule(after: .milliseconds(90)) {
                seen.append("armed \(context.counters.timersArmed)")
                done.set()
            }
        }
        #expect(done.wait(seconds: 10))
        loop.stop()
        #expect(seen.values == ["early", "late", "moved", "armed 0"])
    }

    @Test("A loop that stops takes its armed timers with it")
    func timersEndWithTheLoop() throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "armed"))
        try loop.start()
        let witness = Recorder<Int>()
        weak let weakWitness = witness
        _ = loop.submit { [witness] context in
            for _ in 0..<100 { context.schedule(after: .seconds(3600)) { witness.append(1) } }
        }
        loop.stop()
        #expect(witness.values.isEmpty)
        #expect(weakWitness != nil)
    }
}
