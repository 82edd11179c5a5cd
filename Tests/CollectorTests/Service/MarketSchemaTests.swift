import Foundation
import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("What docs/schema promises of prices, rates and bars")
struct MarketSchemaTests {
    /// The messages of some events, one a line.
    private static func lines(_ events: [MarketEvent]) -> Data {
        let queue = PublishQueue(limits: QueueLimits(bytes: 1 << 20, messages: 1_000), waker: PublisherWaker())
        queue.setDeliveryState(.up)
        var publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "i", boot: "b", depth: 10)
        publisher.add(
            Instrument(
                venue: VenueID("deribit"), segment: "option", market: .option, symbol: "BTC-261225-100000-C",
                venueSymbol: "BTC-25DEC26-100000-C", base: "BTC", quote: "USD", contract: .inverse, unit: .base,
                strike: "100000", optionType: .call),
            scales: DecimalScales())
        let levels = LevelBuffer()
        let frame = Array(MarketSamples.frame.utf8)
        for event in events {
            frame.withUnsafeBytes { publisher.publish(event, frame: $0, levels: levels, now: 9) }
        }
        var lines = Data()
        for lane in queue.lanes {
            while let record = lane.nextUnsent() {
                lines.append(contentsOf: record.payload)
                lines.append(UInt8(ascii: "\n"))
                lane.markSent()
            }
        }
        return lines
    }

    private static func validate(_ lines: Data) async throws -> ChildProcess.Result {
        let child = try ChildProcess(
            TestPaths.python, [TestPaths.root + "/scripts/validate-messages"], in: NSTemporaryDirectory(), input: lines)
        return try await child.result(atMost: .seconds(60))
    }

    @Test("Messages fit their schema, with all that a venue may give and without")
    func fit() async throws {
        let events = MarketSamples.full + MarketSamples.bare + MarketSamples.variants + [.instrument(InstrumentID(0))]
        let result = try await Self.validate(Self.lines(events))
        #expect(result.status == 0, "\(result.output.suffix(1_500)) \(result.errors.suffix(600))")
        for type in MarketSamples.bodies.keys + ["instrument"] {
            #expect(result.output.contains("\"\(type)\": "), "no \(type)")
        }
    }

    @Test(
        "A schema refuses a number that is not canonical, a word of no list, and a field too many",
        arguments: [
            ("mark_price", #""mark":"61737.63""#, #""mark":"61737.630""#),
            ("mark_price", #""mark":"61737.63""#, #""mark":null"#),
            ("funding_rate", #""accrual":"periodic""#, #""accrual":"daily""#),
            ("funding_rate", #""interval_us":28800000000"#, #""interval_us":0"#),
            ("open_interest", #""amount":"1234""#, #""amount":1234"#),
            ("liquidation", #""sampled":false"#, #""sampled":false,"side":"sell""#),
            ("liquidation", #""id":"77""#, #""id":"""#),
            ("lsr_top_account", #""ratio":"1.5""#, #""ratio":"-1.5""#),
            ("volatility_index", #""close":"46""#, #""close":"4.6e1""#),
            ("kline", #""interval":"1m""#, #""interval":"7m""#),
            ("kline", #""confirmed":false"#, #""confirmed":null"#),
            ("kline", #","backfilled":false"#, ""), ("funding_rate", #""backfilled":false"#, #""backfilled":0"#),
        ])
    func refuses(_ type: String, _ part: String, _ wrong: String) async throws {
        let message = try #require(
            String(decoding: Self.lines(MarketSamples.full), as: UTF8.self).split(separator: "\n").first {
                $0.contains("\"type\":\"\(type)\"")
            })
        let changed = message.replacingOccurrences(of: part, with: wrong)
        try #require(changed != message)
        let result = try await Self.validate(Data(changed.utf8))
        #expect(result.status == 1 && result.output.contains("\"wrong\": 1"), "\(result.output)")
    }
}
