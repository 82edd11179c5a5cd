import Testing
import Venues

@Suite("Binance subscriptions")
struct BinanceSubscriptionsTests {
    private static func machine(_ streams: [String], batch: Int = 2) -> BinanceSubscriptions {
        BinanceSubscriptions(
            streams: streams, batchSize: batch, spacing: .milliseconds(350), acknowledgeTimeout: .seconds(10))
    }

    @Test("Streams are asked for in batches, spaced, with ids of their own")
    func batches() {
        var machine = Self.machine(["a@trade", "b@trade", "c@trade"])
        #expect(
            machine.nextMessage(now: 0)
                == .send(#"{"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":1}"#))
        #expect(machine.nextMessage(now: 1) == .wait(until: 350_000))
        #expect(machine.nextMessage(now: 350_000) == .send(#"{"method":"SUBSCRIBE","params":["c@trade"],"id":2}"#))
        machine.acknowledged(id: 1)
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 400_000) == .done)
    }

    @Test("A request without an answer is overdue; a refused one is not")
    func overdue() {
        var machine = Self.machine(["a@trade"])
        _ = machine.nextMessage(now: 0)
        #expect(!machine.overdue(now: 10_000_000) && machine.overdue(now: 10_000_001))
        machine.refused(id: 1, code: 2)
        #expect(!machine.overdue(now: 99_000_000) && machine.refusals == 1)
    }

    @Test("A new socket starts over with new ids")
    func reset() {
        var machine = Self.machine(["a@trade"])
        _ = machine.nextMessage(now: 0)
        machine.reset()
        #expect(machine.nextMessage(now: 0) == .send(#"{"method":"SUBSCRIBE","params":["a@trade"],"id":2}"#))
    }

    @Test("A silent stream is given up and asked for again, once however often that is wanted")
    func resubscribe() {
        var machine = Self.machine(["a@trade", "b@trade"])
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1)
        machine.resubscribe([1])
        machine.resubscribe([1, 7])
        #expect(machine.nextMessage(now: 400_000) == .send(#"{"method":"UNSUBSCRIBE","params":["b@trade"],"id":2}"#))
        #expect(machine.nextMessage(now: 800_000) == .send(#"{"method":"SUBSCRIBE","params":["b@trade"],"id":3}"#))
        machine.acknowledged(id: 2)
        machine.acknowledged(id: 3)
        #expect(machine.nextMessage(now: 1_200_000) == .done)
    }

    @Test("Giving everything up takes one request, and drops what was still to be asked for")
    func unsubscribeAll() {
        var machine = Self.machine(["a@trade", "b@trade", "c@trade"])
        _ = machine.nextMessage(now: 0)
        machine.unsubscribeAll()
        #expect(
            machine.nextMessage(now: 400_000)
                == .send(#"{"method":"UNSUBSCRIBE","params":["a@trade","b@trade","c@trade"],"id":2}"#))
        machine.acknowledged(id: 1)
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 800_000) == .done)
    }
}
