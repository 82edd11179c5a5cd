import Foundation
import MarketModel
import Testing
import Venues

@Suite("Deribit's recorded frames")
struct DeribitRecordingTests {
    /// A rig with the channels that the recorded connection asked for.
    private static func rig() throws -> (rig: DeribitRig, channels: [String], received: [String]) {
        let lines = try DeribitRig.recorded("recording")
        let request = try #require(lines.first { $0.direction == "sent" })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(request.raw.utf8)) as? [String: Any])
        let channels = try #require((object["params"] as? [String: Any])?["channels"] as? [String])
        let received = lines.filter { $0.direction == "received" }.map(\.raw)
        return (try DeribitRig(channels, section: "option"), channels, received)
    }

    @Test("Every frame is read; books keep their chain, follow the reference and never cross")
    func books() throws {
        let (rig, channels, received) = try Self.rig()
        #expect(channels.count == 30 && received.count == 81)
        var books: [String: (bids: [Int64: Int64], asks: [Int64: Int64], last: UInt64)] = [:]
        var reference: [String: [String: [Double: Double]]] = [:]
        var changes = 0
        for raw in received {
            let decoded = try rig.decode(raw)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any])
            guard let params = object["params"] as? [String: Any], let channel = params["channel"] as? String else {
                continue
            }
            guard channel.hasPrefix("book."), let data = params["data"] as? [String: Any] else {
                #expect(!decoded.events.isEmpty || channel.hasPrefix("ticker."))
                continue
            }
            guard case .depth(let update) = try #require(decoded.events.first) else {
                Issue.record("no depth event")
                continue
            }
            #expect(channels[Int(update.instrument.index)] == channel)
            #expect(update.eventTime.microseconds == ((data["timestamp"] as? NSNumber)?.int64Value ?? 0) * 1_000)
            var book = books[channel] ?? ([:], [:], 0)
            switch update.kind {
            case .reset:
                book = ([:], [:], 0)
                reference[channel] = [:]
            case .delta:
                #expect(update.before == book.last, "\(raw)")
                changes += 1
            case .snapshot, .audit: Issue.record("a snapshot out of the stream")
            }
            book.last = update.last
            for index in update.bids.indices { Self.apply(decoded.levels[index], to: &book.bids) }
            for index in update.asks.indices { Self.apply(decoded.levels[index], to: &book.asks) }
            books[channel] = book
            for side in ["bids", "asks"] {
                for entry in try #require(data[side] as? [[Any]]) {
                    let price = try #require((entry[1] as? NSNumber)?.doubleValue)
                    let isDeleted = entry[0] as? String == "delete"
                    reference[channel]?[side, default: [:]][price] =
                        isDeleted ? nil : (entry[2] as? NSNumber)?.doubleValue
                }
            }
            let scales = rig.scales[update.instrument] ?? DecimalScales()
            #expect(Self.doubles(book.bids, scales) == reference[channel]?["bids"] ?? [:])
            #expect(Self.doubles(book.asks, scales) == reference[channel]?["asks"] ?? [:])
            if let bid = book.bids.keys.max(), let ask = book.asks.keys.min() { #expect(bid < ask) }
        }
        #expect(books.count == 10 && changes == 21)
    }

    @Test("Tickers tell mark, index and open interest when they are other than before, and funding never")
    func tickers() throws {
        let (rig, _, received) = try Self.rig()
        var last: [String: (mark: Double, index: Double)] = [:]
        var expected = 0
        var marks = 0
        var interests = 0
        for raw in received where raw.contains(#""channel":"ticker."#) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(raw.utf8)) as? [String: Any])
            let params = try #require(object["params"] as? [String: Any])
            let channel = try #require(params["channel"] as? String)
            let data = try #require(params["data"] as? [String: Any])
            let mark = try #require((data["mark_price"] as? NSNumber)?.doubleValue)
            let index = try #require((data["index_price"] as? NSNumber)?.doubleValue)
            if last[channel]?.mark != mark || last[channel]?.index != index { expected += 1 }
            last[channel] = (mark, index)
            for event in try rig.decode(raw).events {
                switch event {
                case .markPrice(let price):
                    marks += 1
                    #expect(price.mark.text.flatMap(Double.init) == mark)
                    #expect(price.index.text.flatMap(Double.init) == index)
                case .openInterest(let interest):
                    interests += 1
                    #expect(
                        interest.amount.text.flatMap(Double.init) == (data["open_interest"] as? NSNumber)?.doubleValue)
                default: Issue.record("another event")
                }
            }
        }
        #expect(marks == expected && marks > 10)
        #expect(interests >= 10 && interests < 49)
    }

    @Test("The recorded answer names all thirty channels by their places")
    func acknowledged() throws {
        let (rig, _, received) = try Self.rig()
        let answer = try #require(received.first)
        guard case .acknowledged(let id, let places) = try rig.decode(answer).control else {
            Issue.record("no acknowledgement")
            return
        }
        #expect(id == 0)
        #expect(Set(try #require(places)) == Set(0..<30))
    }

    @Test("Ten thousand damaged frames end in an event or a refusal, never in a trap")
    func damaged() throws {
        let (rig, _, received) = try Self.rig()
        var generator = SteadyGenerator(state: 7)
        var outcomes: Set<String> = []
        for round in 0..<10_000 {
            var bytes = Array(received[round % received.count].utf8)
            for _ in 0...generator.next(4) {
                switch generator.next(4) {
                case 0: bytes[generator.next(bytes.count)] = UInt8(generator.next(256))
                case 1: bytes.remove(at: generator.next(bytes.count))
                case 2:
                    let junk = Array(#"{}[],:"\0-9.e"#.utf8)
                    bytes.insert(junk[generator.next(junk.count)], at: generator.next(bytes.count))
                default: bytes.removeLast(min(generator.next(40), bytes.count - 1))
                }
            }
            do throws(FrameRefusal) {
                _ = try rig.decode(bytes)
                outcomes.insert("taken")
            } catch {
                outcomes.insert(error.label)
            }
        }
        #expect(outcomes.isSuperset(of: ["taken", "json", "missing_field", "unknown_stream", "mismatch"]))
    }

    private static func apply(_ level: Level, to side: inout [Int64: Int64]) {
        side[level.price] = level.size == 0 ? nil : level.size
    }

    private static func doubles(_ side: [Int64: Int64], _ scales: DecimalScales) -> [Double: Double] {
        var out: [Double: Double] = [:]
        for (price, size) in side {
            guard let key = Double(FixedPoint.text(price, scale: scales.price)) else { continue }
            out[key] = Double(FixedPoint.text(size, scale: scales.size))
        }
        return out
    }
}

/// A generator whose numbers are the same in every run.
struct SteadyGenerator {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(self.state >> 33) % bound
    }
}
