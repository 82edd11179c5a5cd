import MarketModel
import Testing
import Venues

@Suite("Binance's answers to polls")
struct BinanceAnswersTests {
    // MARK: - Open interest

    @Test("Open interest is read in the contract's unit, with the venue's time")
    func openInterest() throws {
        for (segment, name, text) in [
            (
                BinanceSegment.usdm, "btcusdt",
                #"{"openInterest":"10659.509","symbol":"BTCUSDT","time":1785000000011,"new":{"a":[1]}}"#
            ),
            (
                .coinm, "btcusd_261225",
                #"{"symbol":"BTCUSD_261225","pair":"BTCUSD","openInterest":"10659.509","contractType":"CURRENT_QUARTER","time":1785000000011}"#
            ),
        ] {
            var frames = BinanceFrames(segment, ["x@trade", "\(name)@trade"])
            let events = try frames.decodeAnswer(text, to: .openInterest, of: 1).events
            guard case .openInterest(let interest) = try #require(events.first) else {
                Issue.record("no open interest")
                return
            }
            #expect(interest.amount.text == "10659.509" && interest.instrument == InstrumentID(1))
            #expect(interest.eventTime.microseconds == 1_785_000_000_011_000)
            #expect(!interest.baseAmount.isGiven && !interest.valueUSD.isGiven)
        }
    }

    @Test(
        "An open interest that does not fit is refused",
        arguments: [
            (#"{"openInterest":"1","symbol":"ETHUSDT","time":1}"#, "mismatch"),
            (#"{"openInterest":"1","symbol":"XUSDT","time":1}"#, "mismatch"),
            (#"{"openInterest":"1","time":1}"#, "missing_field"),
            (#"{"symbol":"BTCUSDT","time":1}"#, "missing_field"),
            (#"{"openInterest":"1","symbol":"BTCUSDT"}"#, "missing_field"),
            (#"{"openInterest":"","symbol":"BTCUSDT","time":1}"#, "missing_field"),
            (#"{"openInterest":"many","symbol":"BTCUSDT","time":1}"#, "missing_field"),
            (#"{"openInterest":1,"symbol":"BTCUSDT","time":1}"#, "json"),
            (#"{"openInterest":"9999999999999999999999","symbol":"BTCUSDT","time":1}"#, "value_too_large"),
            (#"{"code":-1121,"msg":"Invalid symbol."}"#, "missing_field"), ("", "json"), ("<html>", "json"),
        ])
    func refusedInterest(_ text: String, _ label: String) {
        var frames = BinanceFrames(.usdm, ["btcusdt@trade", "ethusdt@trade"])
        #expect { try frames.decodeAnswer(text, to: .openInterest, of: 0) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test("A connection that does not know the instrument's symbol takes the answer as it is")
    func unknownInstrument() throws {
        var frames = BinanceFrames(.usdm, [])
        let text = #"{"openInterest":"1","symbol":"ETHUSDT","time":1}"#
        #expect(try frames.decodeAnswer(text, to: .openInterest, of: 5).events.count == 1)
        frames.addInstrument("BTCUSDT", 5)
        #expect { try frames.decodeAnswer(text, to: .openInterest, of: 5) } throws: {
            ($0 as? FrameRefusal)?.label == "mismatch"
        }
    }

    // MARK: - Ratios

    private static func ratio(_ text: String, _ segment: BinanceSegment) throws -> LongShortRatio? {
        var frames = BinanceFrames(segment, ["btcusdt@trade", "ethusdt@trade"])
        let question = VenueQuestion.ratio(.topPosition, period: .minute15)
        let events = try frames.decodeAnswer(text, to: question, of: 0).events
        guard let event = events.first, events.count == 1, case .longShortRatio(let ratio) = event else { return nil }
        return ratio
    }

    @Test(
        "A ratio is read with its shares and period, time in quotes or not, of accounts or positions",
        arguments: [
            (
                BinanceSegment.usdm,
                #"[{"symbol":"BTCUSDT","longShortRatio":"1.8105","longAccount":"0.6442","shortAccount":"0.3558","timestamp":"1785000000000"}]"#
            ),
            (
                .usdm,
                #"[{"timestamp":1785000000000,"shortAccount":"0.3558","longAccount":"0.6442","longShortRatio":"1.8105","symbol":"BTCUSDT"}]"#
            ),
            (
                .coinm,
                #"[{"pair":"BTCUSD","longShortRatio":"1.8105","longPosition":"0.6442","shortPosition":"0.3558","timestamp":1785000000000}]"#
            ),
            (
                .coinm,
                #"[{"pair":"BTCUSD","longShortRatio":"1.8105","longAccount":"0.6442","shortAccount":"0.3558","timestamp":1785000000000}]"#
            ),
        ])
    func ratios(_ segment: BinanceSegment, _ text: String) throws {
        let ratio = try #require(try Self.ratio(text, segment))
        #expect(ratio.kind == .topPosition && ratio.ratio.text == "1.8105")
        #expect(ratio.long.text == "0.6442" && ratio.short.text == "0.3558")
        #expect(ratio.periodMicroseconds == 900_000_000 && ratio.eventTime.microseconds == 1_785_000_000_000_000)
    }

    @Test("Several rows are told oldest first, however they stand, and of one time there is one")
    func several() throws {
        func row(_ ratio: Int, _ time: Int) -> String {
            #"{"symbol":"BTCUSDT","longShortRatio":"\#(ratio)","longAccount":"0.6","shortAccount":"0.4","timestamp":\#(time)}"#
        }
        func ratios(_ rows: String...) throws -> [String?] {
            var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
            return try frames.decodeAnswer(
                "[\(rows.joined(separator: ","))]", to: .ratio(.allAccount, period: .minute5), of: 0
            ).events.map { event in
                if case .longShortRatio(let ratio) = event { ratio.ratio.text } else { nil }
            }
        }
        #expect(try ratios(row(1, 10), row(2, 20)) == ["1", "2"])
        #expect(try ratios(row(3, 30), row(1, 10), row(2, 20)) == ["1", "2", "3"])
        #expect { try ratios(row(1, 10), row(2, 10)) } throws: { ($0 as? FrameRefusal)?.label == "mismatch" }
    }

    @Test("A contract of which the venue knows no ratio has none")
    func noRatio() throws {
        #expect(try Self.ratio("[]", .usdm) == nil)
    }

    @Test(
        "A ratio that does not fit is refused",
        arguments: [
            (
                #"[{"symbol":"ETHUSDT","longShortRatio":"1","longAccount":"1","shortAccount":"1","timestamp":1}]"#,
                "mismatch"
            ),
            (#"[{"symbol":"BTCUSDT","longAccount":"1","shortAccount":"1","timestamp":1}]"#, "missing_field"),
            (#"[{"symbol":"BTCUSDT","longShortRatio":"1","shortAccount":"1","timestamp":1}]"#, "missing_field"),
            (#"[{"symbol":"BTCUSDT","longShortRatio":"1","longAccount":"1","timestamp":1}]"#, "missing_field"),
            (#"[{"symbol":"BTCUSDT","longShortRatio":"1","longAccount":"1","shortAccount":"1"}]"#, "missing_field"),
            (#"[{"longShortRatio":"","longAccount":"1","shortAccount":"1","timestamp":1}]"#, "missing_field"),
            (#"[{"longShortRatio":"1","longAccount":"x","shortAccount":"1","timestamp":1}]"#, "missing_field"),
            (#"[{"longShortRatio":1,"longAccount":"1","shortAccount":"1","timestamp":1}]"#, "json"),
            (#"[{"longShortRatio":"1","longAccount":"1","shortAccount":"1","timestamp":"now"}]"#, "json"),
            (#"[{"longShortRatio":"1","longAccount":"1","shortAccount":"1","timestamp":"17"#, "json"),
            (#"{"code":-1130,"msg":"x"}"#, "json"), ("[7]", "json"),
        ])
    func refusedRatio(_ text: String, _ label: String) {
        #expect { try Self.ratio(text, .usdm) } throws: { ($0 as? FrameRefusal)?.label == label }
    }

    // MARK: - Funding intervals

    private static let hour: Int64 = 3_600_000_000

    private static func frame(_ symbol: String, _ rate: String = "0.0001") -> String {
        #"{"stream":"\#(symbol.lowercased())@markPrice@1s","data":{"E":1,"s":"\#(symbol)","p":"3","r":"\#(rate)","T":9}}"#
    }

    /// The interval that the next frame of a symbol tells; nil when it tells no rate.
    private static func interval(_ frames: inout BinanceFrames, _ symbol: String, _ rate: String = "0.0001") throws
        -> Int64?
    {
        for case .fundingRate(let funding) in try frames.decode(Self.frame(symbol, rate)).events {
            return funding.intervalMicroseconds
        }
        return nil
    }

    @Test("Intervals are unknown until the venue told them; then those it lists, eight hours for others")
    func intervals() throws {
        var frames = BinanceFrames(.usdm, ["blzusdt@markPrice@1s", "btcusdt@markPrice@1s"])
        #expect(try Self.interval(&frames, "BLZUSDT") == 0)
        #expect(try Self.interval(&frames, "BTCUSDT") == 0)
        let answer =
            #"[{"symbol":"OTHERUSDT","fundingIntervalHours":1},{"fundingIntervalHours":4,"symbol":"BLZUSDT","adjustedFundingRateCap":"0.025","disclaimer":false}]"#
        #expect(try frames.decodeAnswer(answer, to: .fundingIntervals, of: nil).events.isEmpty)
        // The same rate is told again, since its interval is known now.
        #expect(try Self.interval(&frames, "BLZUSDT") == 4 * Self.hour)
        #expect(try Self.interval(&frames, "BTCUSDT") == 8 * Self.hour)
        _ = try frames.decodeAnswer(answer, to: .fundingIntervals, of: nil)
        #expect(try Self.interval(&frames, "BLZUSDT") == nil)
        _ = try frames.decodeAnswer("[]", to: .fundingIntervals, of: nil)
        #expect(try Self.interval(&frames, "BLZUSDT") == 8 * Self.hour)
        #expect(try Self.interval(&frames, "BTCUSDT") == nil)
    }

    @Test("A symbol that joins later has no interval until the next answer")
    func joins() throws {
        var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
        _ = try frames.decodeAnswer("[]", to: .fundingIntervals, of: nil)
        let place = frames.addStream("ethusdt@markPrice@1s", of: 3)
        let interval = try Self.interval(&frames, "ETHUSDT")
        #expect(place == 1 && interval == 0)
        _ = try frames.decodeAnswer("[]", to: .fundingIntervals, of: nil)
        #expect(try Self.interval(&frames, "ETHUSDT") == 8 * Self.hour)
    }

    @Test("The place of an instrument that left is not known by its old symbol")
    func placeTakenOver() throws {
        var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
        frames.removeStream(at: 0)
        frames.removeStream(at: 0)
        _ = frames.addStream("ethusdt@markPrice@1s", of: 0)
        _ = try frames.decodeAnswer(
            #"[{"symbol":"BTCUSDT","fundingIntervalHours":4}]"#, to: .fundingIntervals, of: nil)
        #expect(try Self.interval(&frames, "ETHUSDT") == 8 * Self.hour)
    }

    @Test("A symbol with escapes is the same one")
    func escaped() throws {
        var frames = BinanceFrames(.usdm, ["币usdt@markPrice@1s"])
        _ = try frames.decodeAnswer(
            #"[{"symbol":"\u5e01USDT","fundingIntervalHours":2}]"#, to: .fundingIntervals, of: nil)
        #expect(try Self.interval(&frames, "币USDT") == 2 * Self.hour)
    }

    @Test(
        "An answer that cannot be read changes nothing; an interval that is none leaves its symbol with the usual one",
        arguments: [
            (#"{"code":-1000}"#, nil), (#"[{"symbol":"BTCUSDT","fundingIntervalHours":2},{"symbol":7}]"#, nil),
            (#"[{"symbol":"BTCUSDT","fundingIntervalHours":"2"}]"#, nil),
            (#"[{"symbol":"BTCUSDT","fundingIntervalHours":0}]"#, 8),
            (#"[{"symbol":"BTCUSDT","fundingIntervalHours":9999999999999999999}]"#, 8),
            (#"[{"symbol":"BTCUSDT"}]"#, 8),
        ])
    func badIntervals(_ text: String, _ hours: Int64?) throws {
        var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
        if hours == nil {
            #expect { try frames.decodeAnswer(text, to: .fundingIntervals, of: nil) } throws: {
                ($0 as? FrameRefusal)?.label == "json"
            }
        } else {
            _ = try frames.decodeAnswer(text, to: .fundingIntervals, of: nil)
        }
        #expect(try Self.interval(&frames, "BTCUSDT") == (hours ?? 0) * Self.hour)
    }

    // MARK: - Others

    @Test("A snapshot of a book is read, an answer to what Binance does not offer is refused")
    func others() throws {
        var frames = BinanceFrames(.spot, ["btcusdt@trade"])
        let text = #"{"lastUpdateId":77,"bids":[["1.5","2"]],"asks":[["1.6","3"],["1.7","1"]]}"#
        let decoded = try frames.decodeAnswer(text, to: .depthSnapshot, of: 0)
        guard case .depth(let update) = try #require(decoded.events.first) else {
            Issue.record("no snapshot")
            return
        }
        #expect(update.kind == .snapshot && update.last == 77 && decoded.levels.count == 3)
        for question in [VenueQuestion.depthSnapshot, .openInterest, .klines(.minute1)] {
            #expect { try frames.decodeAnswer(text, to: question, of: nil) } throws: {
                ($0 as? FrameRefusal)?.label == "mismatch"
            }
        }
        #expect { try frames.decodeAnswer(text, to: .volatilityIndex(.hour1), of: 0) } throws: {
            ($0 as? FrameRefusal)?.label == "unknown_event"
        }
    }
}
