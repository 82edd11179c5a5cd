import MarketModel
import Testing
import Venues

/// A wording that shows what was asked for: `subscribe a,b #1`.
private struct PlainDialect: SubscriptionDialect {
    var limits: SubscriptionLimits
    var openings: [String] = []

    func opening(firstID id: UInt64) -> [String] {
        self.openings.enumerated().map { "\($0.element) #\(id + UInt64($0.offset))" }
    }

    func request(_ method: SubscriptionMethod, _ streams: [VenueStream], id: UInt64) -> String {
        "\(method) \(streams.map(\.name).joined(separator: ",")) #\(id)"
    }

    func reply(id: UInt64) -> String? { "reply #\(id)" }

    var ping: String? { nil }
}

@Suite("Subscriptions of one socket")
struct SubscriptionsTests {
    private static let spacing: Int64 = 350_000
    private static let hour: Int64 = 3_600_000_000

    private static func stream(_ name: String) -> VenueStream {
        VenueStream(name, symbol: "S", types: [.trade], route: VenueRoute("", paths: ["/"]))
    }

    private static func limits(
        batch: Int = 2, bytes: Int? = nil, hourly: Int? = nil, each: Bool = false
    ) -> SubscriptionLimits {
        SubscriptionLimits(
            streamsPerRequest: batch, bytesPerRequest: bytes, spacing: .milliseconds(350), requestsPerHour: hourly,
            acknowledgesEach: each)
    }

    private static func machine(
        _ names: [String?], _ limits: SubscriptionLimits = limits(), openings: [String] = []
    ) -> Subscriptions {
        Subscriptions(
            streams: names.map { $0.map(Self.stream) }, dialect: PlainDialect(limits: limits, openings: openings),
            acknowledgeTimeout: .seconds(10))
    }

    /// Sends all that is due, waiting as told, and gives it; stops at an answer that is missing.
    private static func drain(_ machine: inout Subscriptions, from start: Int64 = 0) -> [String] {
        var sent: [String] = []
        var now = start
        for _ in 0..<1_000 {
            switch machine.nextMessage(now: now) {
            case .send(let text): sent.append(text)
            case .wait(let until) where until - now <= Self.spacing: now = until
            case .wait, .done: return sent
            }
        }
        return sent
    }

    @Test("Streams are asked for in batches, spaced, with ids of their own")
    func batches() {
        var machine = Self.machine(["a", "b", "c"])
        #expect(machine.nextMessage(now: 0) == .send("subscribe a,b #1"))
        #expect(machine.nextMessage(now: 1) == .wait(until: Self.spacing))
        #expect(machine.nextMessage(now: Self.spacing) == .send("subscribe c #2"))
        machine.acknowledged(id: 1)
        #expect(machine.isAcknowledged(0) && machine.isAcknowledged(1) && !machine.isAcknowledged(2))
        #expect(machine.nextMessage(now: 400_000) == .wait(until: Self.spacing + 10_000_000))
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 400_000) == .done && machine.isAcknowledged(2) && machine.refusals == 0)
    }

    @Test("A request holds no more bytes than the venue takes, and one stream at least")
    func bytes() {
        let long = String(repeating: "l", count: 300)
        var machine = Self.machine(["a", "b", long, "c", "d"], Self.limits(batch: 10, bytes: 200))
        #expect(Self.drain(&machine) == ["subscribe a,b #1", "subscribe \(long) #2", "subscribe c,d #3"])
    }

    @Test("A venue that allows no streams in a request is asked for one at a time")
    func batchOfNone() {
        var machine = Self.machine(["a", "b"], Self.limits(batch: 0))
        #expect(Self.drain(&machine) == ["subscribe a #1", "subscribe b #2"])
    }

    @Test("A request without an answer is overdue; a refused one is not")
    func overdue() {
        var machine = Self.machine(["a"])
        _ = machine.nextMessage(now: 0)
        #expect(!machine.overdue(now: 10_000_000) && machine.overdue(now: 10_000_001))
        machine.refused(id: 1, code: 2)
        #expect(!machine.overdue(now: 99_000_000) && machine.refusals == 1)
        #expect(machine.refusedPlaces == [0] && !machine.isAcknowledged(0))
    }

    @Test("The opening is sent at once, answered by ids of its own, and holds no subscription back")
    func opening() {
        var machine = Self.machine(["a"], openings: ["hello", "beat"])
        #expect(machine.nextMessage(now: 0) == .send("hello #1"))
        #expect(machine.nextMessage(now: 0) == .send("beat #2"))
        #expect(machine.nextMessage(now: 0) == .send("subscribe a #3"))
        machine.acknowledged(id: 3)
        #expect(machine.isAcknowledged(0) && machine.overdue(now: 10_000_001))
        machine.refused(id: 1, code: 7)
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 1) == .done && machine.refusals == 1 && machine.refusedPlaces.isEmpty)
    }

    @Test("The answer to a prompt takes an id that no request has")
    func reply() {
        var machine = Self.machine(["a", "b", "c"])
        _ = machine.nextMessage(now: 0)
        #expect(machine.reply() == "reply #2")
        #expect(machine.nextMessage(now: Self.spacing) == .send("subscribe c #3"))
    }

    @Test("A new socket starts over with new ids, and a late answer to the old one means nothing")
    func reset() {
        var machine = Self.machine(["a"])
        _ = machine.nextMessage(now: 0)
        machine.refused(id: 1, code: 2)
        machine.reset()
        #expect(machine.refusals == 0 && machine.refusedPlaces.isEmpty)
        #expect(machine.nextMessage(now: 0) == .send("subscribe a #2"))
        machine.acknowledged(id: 1)
        #expect(!machine.isAcknowledged(0) && machine.nextMessage(now: 1) != .done)
        machine.acknowledged(id: 2)
        #expect(machine.isAcknowledged(0))
    }

    @Test("A silent stream is given up and asked for again, once however often that is wanted")
    func resubscribe() {
        var machine = Self.machine(["a", "b"])
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1)
        machine.resubscribe([1])
        machine.resubscribe([1, 7])
        #expect(machine.nextMessage(now: 400_000) == .send("unsubscribe b #2"))
        machine.acknowledged(id: 2)
        #expect(machine.isAcknowledged(0) && !machine.isAcknowledged(1))
        #expect(machine.nextMessage(now: 800_000) == .send("subscribe b #3"))
        machine.acknowledged(id: 3)
        #expect(machine.nextMessage(now: 1_200_000) == .done && machine.isAcknowledged(1))
    }

    @Test("Giving everything up takes one request, and drops what was still to be asked for")
    func unsubscribeAll() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10))
        _ = machine.nextMessage(now: 0)
        machine.resubscribe([2])
        machine.unsubscribeAll()
        #expect(machine.nextMessage(now: 400_000) == .send("unsubscribe a,b,c #2"))
        machine.acknowledged(id: 1)
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 800_000) == .done)
    }

    // MARK: - Streams that come and go

    @Test("A stream that is added is asked for on the running socket and on every later one")
    func add() {
        var machine = Self.machine(["a"])
        #expect(Self.drain(&machine) == ["subscribe a #1"])
        machine.add(Self.stream("b"))
        #expect(Self.drain(&machine, from: 1_000_000) == ["subscribe b #2"])
        machine.acknowledged(id: 2)
        #expect(machine.isAcknowledged(1))
        machine.reset()
        #expect(Self.drain(&machine) == ["subscribe a,b #3"])
    }

    @Test("Streams that are added together are asked for together, as far as one request goes")
    func addTogether() {
        var machine = Self.machine(["a"], Self.limits(batch: 2))
        #expect(Self.drain(&machine) == ["subscribe a #1"])
        for name in ["b", "c", "d"] { machine.add(Self.stream(name)) }
        #expect(Self.drain(&machine, from: 1_000_000) == ["subscribe b,c #2", "subscribe d #3"])
    }

    @Test("A stream that is removed is given up, its place stays empty, and its neighbours keep theirs")
    func remove() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10))
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1)
        machine.remove(1)
        machine.remove(1)
        machine.remove(9)
        #expect(machine.nextMessage(now: 400_000) == .send("unsubscribe b #2"))
        machine.acknowledged(id: 2)
        #expect(machine.nextMessage(now: 800_000) == .done)
        machine.resubscribe([1])
        #expect(machine.nextMessage(now: 800_000) == .done)
        machine.reset()
        #expect(machine.nextMessage(now: 0) == .send("subscribe a,c #3"))
        machine.acknowledged(id: 3)
        #expect(machine.isAcknowledged(2) && !machine.isAcknowledged(1))
    }

    @Test("A stream that is removed before it was asked for is asked for no more")
    func removeEarly() {
        var machine = Self.machine(["a", "b", "c"])
        _ = machine.nextMessage(now: 0)
        machine.remove(2)
        #expect(!Self.drain(&machine, from: Self.spacing).contains { $0.hasPrefix("subscribe") })
    }

    @Test("Places that were given up before the socket opened are passed over")
    func emptyPlaces() {
        var machine = Self.machine([nil, "b", nil])
        #expect(Self.drain(&machine) == ["subscribe b #1"])
        machine.acknowledged(id: 1)
        #expect(machine.isAcknowledged(1) && !machine.isAcknowledged(0) && machine.refusedPlaces.isEmpty)
    }

    // MARK: - Answers

    @Test("Streams that an answer leaves out are refused, each for itself")
    func leftOut() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10))
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1, streams: [0, 2])
        #expect(machine.isAcknowledged(0) && !machine.isAcknowledged(1) && machine.isAcknowledged(2))
        #expect(machine.refusedPlaces == [1] && machine.refusals == 1)
        #expect(machine.nextMessage(now: 400_000) == .done)
    }

    @Test("A stream that is asked for again is no longer refused, until it is once more")
    func refusedAgain() {
        var machine = Self.machine(["a"])
        _ = machine.nextMessage(now: 0)
        machine.refused(id: 1, code: 9)
        machine.resubscribe([0])
        #expect(machine.nextMessage(now: 400_000) == .send("unsubscribe a #2"))
        machine.refused(id: 2, code: 9)
        #expect(machine.nextMessage(now: 800_000) == .send("subscribe a #3") && machine.refusedPlaces.isEmpty)
        machine.acknowledged(id: 3)
        #expect(machine.isAcknowledged(0) && machine.refusedPlaces.isEmpty)
    }

    @Test("A request of which each stream is acknowledged by itself ends with the last of them")
    func acknowledgesEach() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10, each: true))
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: nil, streams: [1])
        machine.acknowledged(id: nil, streams: [1])
        #expect(machine.isAcknowledged(1) && machine.overdue(now: 10_000_001))
        machine.acknowledged(id: 1, streams: [0])
        #expect(machine.nextMessage(now: 400_000) != .done)
        machine.acknowledged(id: nil, streams: [2])
        #expect(machine.nextMessage(now: 400_000) == .done && machine.refusals == 0)
    }

    @Test("A refusal that names its stream refuses that one alone")
    func refusedPlace() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10, each: true))
        _ = machine.nextMessage(now: 0)
        machine.refused(id: nil, stream: 1, code: 60018)
        machine.acknowledged(id: nil, streams: [0])
        #expect(machine.refusedPlaces == [1] && machine.nextMessage(now: 400_000) != .done)
        machine.acknowledged(id: nil, streams: [2])
        #expect(machine.refusedPlaces == [1] && machine.refusals == 1)
        #expect(machine.nextMessage(now: 400_000) == .done)
    }

    @Test("Refusals that name no stream are laid on those that are left when all others are acknowledged")
    func refusedUnnamed() {
        var machine = Self.machine(["a", "b", "c"], Self.limits(batch: 10, each: true))
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1, streams: [0])
        machine.refused(id: 1, code: 60012)
        #expect(machine.refusedPlaces.isEmpty && machine.nextMessage(now: 400_000) != .done)
        machine.acknowledged(id: 1, streams: [2])
        #expect(machine.refusedPlaces == [1] && machine.refusals == 1)
        #expect(machine.nextMessage(now: 400_000) == .done)
    }

    @Test("An answer to nothing that was asked is counted if it refuses, and changes nothing")
    func unknownAnswers() {
        var machine = Self.machine(["a"])
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 77)
        machine.acknowledged(id: nil)
        machine.acknowledged(id: nil, streams: [5, -1])
        machine.acknowledged(id: 1, streams: [0, 900])
        machine.refused(id: 77, code: 1)
        machine.refused(id: nil, stream: 3, code: 1)
        #expect(machine.refusals == 2 && machine.isAcknowledged(0) && machine.refusedPlaces.isEmpty)
        #expect(!machine.isAcknowledged(900) && !machine.isAcknowledged(-1))
    }

    // MARK: - Requests an hour

    @Test("No hour ever sees more requests than the venue allows; the rest wait for the oldest to leave it")
    func hourly() {
        var machine = Self.machine(["a", "b", "c", "d"], Self.limits(batch: 1, hourly: 3))
        #expect(Self.drain(&machine) == ["subscribe a #1", "subscribe b #2", "subscribe c #3"])
        for id in 1...3 { machine.acknowledged(id: UInt64(id)) }
        #expect(machine.nextMessage(now: 1_000_000) == .wait(until: Self.hour))
        #expect(machine.nextMessage(now: Self.hour) == .send("subscribe d #4"))
        machine.resubscribe([0])
        // The second request left the hour a spacing after the first.
        #expect(machine.nextMessage(now: Self.hour + 1) == .wait(until: Self.hour + Self.spacing))
    }

    @Test("A new socket has the hour's requests to itself")
    func hourlyReset() {
        var machine = Self.machine(["a"], Self.limits(batch: 1, hourly: 1))
        _ = machine.nextMessage(now: 0)
        machine.reset()
        #expect(machine.nextMessage(now: 1) == .send("subscribe a #2"))
    }
}
