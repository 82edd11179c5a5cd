import Testing

@testable import ExchangeSimulator

@Suite("The venue's protocol")
struct ProtocolTests {
    private static func parse(_ text: String) -> ClientCommand {
        Array(text.utf8).withUnsafeBytes { ClientCommand(parsing: $0) }
    }

    @Test("Commands are read with their ids")
    func commands() {
        #expect(
            Self.parse(#"{"method":"SUBSCRIBE","params":["a@trade","b@depth"],"id":41}"#)
                == .subscribe(["a@trade", "b@depth"], id: .number(41)))
        #expect(Self.parse(#"{"method":"UNSUBSCRIBE","params":["a"],"id":"x"}"#) == .unsubscribe(["a"], id: .text("x")))
        #expect(Self.parse(#"{"method":"LIST_SUBSCRIPTIONS"}"#) == .listSubscriptions(id: .null))
        #expect(
            Self.parse(#"{"method":"SET_PROPERTY","params":["combined",true],"id":null}"#)
                == .setCombined(true, id: .null))
    }

    @Test("What is no command is refused with the venue's code")
    func refusals() {
        func code(_ text: String) -> Int? {
            if case .invalid(let code, _) = Self.parse(text) { code } else { nil }
        }
        #expect(code(#"{"method":"SUBSCIBE","params":[],"id":1}"#) == 2)
        #expect(code("hello") == 3)
        #expect(code(#"{"id":1}"#) == 3)
    }

    @Test("USD-M serves books and trades on different paths, the old paths only books")
    func paths() {
        func serves(_ segment: MarketSegment, _ path: String) -> [Bool]? {
            StreamPath(segment: segment, path: path, streamsQuery: nil)
                .map { [$0.serves(.book), $0.serves(.bestPrices), $0.serves(.trade), $0.serves(.aggregateTrade)] }
        }
        #expect(serves(.usdm, "/public/stream") == [true, true, false, false])
        #expect(serves(.usdm, "/market/ws") == [false, false, true, true])
        #expect(serves(.usdm, "/stream") == [true, true, false, false])
        #expect(serves(.coinm, "/stream") == [true, true, true, true])
        #expect(serves(.spot, "/ws/a@trade") == [true, true, true, true])
        #expect(serves(.spot, "/public/stream") == nil)
        #expect(serves(.usdm, "/other") == nil)
    }

    @Test("An address names its streams")
    func addresses() {
        let combined = StreamPath(segment: .spot, path: "/stream", streamsQuery: "a@trade/b@depth")
        #expect(combined?.streams == ["a@trade", "b@depth"] && combined?.isCombined == true)
        let raw = StreamPath(segment: .spot, path: "/ws/a@trade", streamsQuery: nil)
        #expect(raw?.streams == ["a@trade"] && raw?.isCombined == false)
    }

    @Test(
        "Depth limits cost what the venue says",
        arguments: [
            (MarketSegment.spot, "100", 5), (.spot, "500", 25), (.spot, "1000", 50), (.spot, "5000", 250),
            (.usdm, "50", 2), (.usdm, "100", 5), (.coinm, "500", 10), (.coinm, "1000", 20), (.usdm, "5000", 0),
            (.usdm, "x", 0), (.spot, "0", 0),
        ])
    func depthLimits(segment: MarketSegment, text: String, weight: Int) {
        #expect(DepthLimit(text, segment: segment)?.weight ?? 0 == weight)
    }

    @Test("Weight past the limit is refused until the minute ends, and who goes on is banned")
    func weights() {
        var meter = WeightMeter(limit: 100, strikesMax: 2, banLength: 120_000_000)
        let script: [(weight: Int, time: Int64, expected: WeightMeter.Verdict)] = [
            (60, 1_000_000, .admitted(used: 60)),
            (60, 2_000_000, .tooMany(used: 120, retryAfterSeconds: 58)),
            (1, 61_000_000, .admitted(used: 1)),
            (100, 62_000_000, .tooMany(used: 101, retryAfterSeconds: 58)),
            (1, 63_000_000, .tooMany(used: 102, retryAfterSeconds: 57)),
            (1, 64_000_000, .banned(used: 103, retryAfterSeconds: 120)),
            (1, 124_000_000, .banned(used: 0, retryAfterSeconds: 60)),
            (1, 184_000_001, .admitted(used: 1)),
        ]
        for (weight, time, expected) in script {
            let verdict = meter.spend(weight, at: time)
            #expect(verdict == expected, "at \(time)")
        }
    }

    @Test("A window admits its limit, and again when it has passed")
    func window() {
        var window = SlidingWindow(length: 1_000, limit: 2)
        let admitted = [0, 10, 999, 1_000, 1_005].map { window.admit(at: $0) }
        #expect(admitted == [true, true, false, true, false])
    }

    @Test("Faults follow the seed, and orders go first")
    func faults() {
        var plan = FaultPlan()
        plan.rates = [.drop: 0.1, .junk: 0.05]
        func run() -> [Fault?] {
            var engine = FaultEngine(plan: plan)
            return (0..<500).map { _ in engine.frameFault(segment: .spot, stream: "a") }
        }
        #expect(run() == run())
        let drops = run().filter { $0 == .drop }.count
        #expect(drops > 25 && drops < 90)
        var engine = FaultEngine(plan: FaultPlan())
        let isTaken = engine.order(.init(fault: .drop, segment: .usdm, stream: "b", count: 1))
        let met: [(MarketSegment, String)] = [(.spot, "b"), (.usdm, "a"), (.usdm, "b"), (.usdm, "b")]
        let faults = met.map { engine.frameFault(segment: $0, stream: $1) }
        #expect(isTaken)
        #expect(faults == [nil, nil, .drop, nil])
        #expect(engine.counts == [.drop: 1])
    }
}
