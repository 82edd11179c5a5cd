import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("Prices, rates and bars on their way to the server")
struct MarketEventTests {
    private static let book = PublisherBench.book
    private static let time = Timestamp(microseconds: 1_700_000_000_000_000)

    private static func number(_ text: String) -> DecimalValue { DecimalValue(text) ?? .none }

    private static func mark(_ mark: String, at time: Timestamp = Self.time, received: Int64 = 5) -> MarketEvent {
        .markPrice(
            MarkPrice(
                instrument: Self.book, mark: Self.number(mark), index: Self.number("61730"), eventTime: time,
                receivedMicroseconds: received))
    }

    private static func funding(_ rate: String, at time: Timestamp = Self.time) -> MarketEvent {
        .fundingRate(
            FundingRate(
                instrument: Self.book, rate: Self.number(rate), fundingTime: Timestamp(microseconds: 1_800),
                eventTime: time, receivedMicroseconds: 5))
    }

    private static func liquidation(
        _ position: Liquidation.Position = .long, id: FrameText = .empty, size: String = "0.5", ordinal: UInt16 = 0
    ) -> MarketEvent {
        .liquidation(
            Liquidation(
                instrument: Self.book, id: id, ordinal: ordinal, position: position, price: Self.number("9.5"),
                priceKind: .average, size: Self.number(size), isSampled: true, eventTime: Self.time,
                receivedMicroseconds: 5))
    }

    // MARK: - Bodies

    @Test("Each type is published under its subject with what it says, and null for what the venue does not give")
    func bodies() throws {
        var bench = PublisherBench(messages: 64)
        for event in MarketSamples.full { bench.publish(event, frame: MarketSamples.frame) }
        let messages = try bench.take()
        let types = [
            "funding_rate", "kline", "liquidation", "lsr_all_account", "lsr_top_account", "lsr_top_position",
            "mark_price", "open_interest", "volatility_index",
        ]
        #expect(messages.map(\.type).sorted() == types)
        for message in messages {
            #expect(message.subject == "md.\(message.type).binance.spot.BTC-USDT" && message.number == 1)
            let expected = try #require(MarketSamples.bodies[message.type])
            #expect(message.text(of: expected.keys) == expected)
        }
    }

    @Test("Each type says null for all that a venue may leave out")
    func bareBodies() throws {
        var bench = PublisherBench(messages: 64)
        for event in MarketSamples.bare { bench.publish(event, frame: MarketSamples.frame) }
        let messages = try bench.take()
        #expect(messages.count == MarketSamples.bare.count)
        for message in messages {
            let expected = try #require(MarketSamples.bareFields[message.type])
            #expect(message.nulls == expected, "\(message.type)")
        }
    }

    @Test("An option's metadata says its strike and its right")
    func option() throws {
        var bench = PublisherBench()
        let option = Instrument(
            venue: VenueID("deribit"), segment: "option", market: .option, symbol: "BTC-261225-100000-C",
            venueSymbol: "BTC-25DEC26-100000-C", base: "BTC", quote: "USD", contract: .inverse, unit: .base,
            strike: "100000", optionType: .call)
        bench.publisher.add(option, scales: DecimalScales())
        bench.publish(.instrument(InstrumentID(1)))
        let message = try #require(try bench.take().first)
        #expect(message.text(of: ["strike", "option_type"]) == ["strike": "100000", "option_type": "call"])
    }

    // MARK: - Ids

    @Test("One message of the venue has one id, whichever collector sends it and whenever")
    func sameIDs() throws {
        var ids: [[String]] = []
        for boot in ["a", "b"] {
            var bench = PublisherBench(messages: 64, boot: boot)
            // What came before differs, so that the numbers do.
            if boot == "b" { bench.publish(Self.mark("1")) }
            if boot == "b" { bench.publish(Self.funding("1")) }
            _ = try bench.take()
            for event in MarketSamples.full { bench.publish(event, frame: MarketSamples.frame) }
            ids.append(try bench.take().map { "\($0.type) \($0.id)" }.sorted())
        }
        #expect(ids[0] == ids[1] && Set(ids[0]).count == 9)
        #expect(
            ids[0] == [
                "funding_rate 1700000000000000:1700006400000000:-0.000012:0.0001",
                "kline 1m:1700000000000000:closed:\(MarketSamples.klineDigest)",
                "liquidation 77:short", "lsr_all_account 300000000:1700000000000000:1.5:0.6:0.4",
                "lsr_top_account 300000000:1700000000000000:1.5:0.6:0.4",
                "lsr_top_position 300000000:1700000000000000:1.5:0.6:0.4",
                "mark_price 1700000000000000:61737.63:61730",
                "open_interest 1700000000000000:1234:12.5:790000",
                "volatility_index 60000000:1700000000000000:45:47:44:46",
            ])
    }

    @Test("Messages that differ have ids that differ, even of one time")
    func differentIDs() throws {
        var bench = PublisherBench(messages: 64)
        bench.publish(Self.mark("1"))
        bench.publish(Self.mark("2"))
        bench.publish(Self.funding("1"))
        bench.publish(Self.funding("2"))
        bench.publish(Self.liquidation())
        bench.publish(Self.liquidation(ordinal: 1))
        bench.publish(Self.liquidation(.short))
        bench.publish(Self.liquidation(size: "0.6"))
        // One trade that liquidates both of its sides.
        let id = FrameText(offset: 0, count: 2)
        bench.publish(Self.liquidation(.long, id: id), frame: "77")
        bench.publish(Self.liquidation(.short, id: id), frame: "77")
        for event in MarketSamples.variants { bench.publish(event, frame: MarketSamples.frame) }
        let messages = try bench.take()
        #expect(messages.count == 10 + MarketSamples.variants.count)
        #expect(Set(messages.map { "\($0.subject):\($0.id)" }).count == messages.count)
        #expect(messages.filter { $0.type == "liquidation" }.map(\.id).contains("1700000000000000:long:9.5:0.5:1"))
    }

    @Test("What was asked for later says so, under the id that it has anyway")
    func backfilled() throws {
        var bench = PublisherBench(messages: 64)
        var rate = FundingRate(
            instrument: Self.book, rate: .zero, fundingTime: Self.time, eventTime: Self.time, receivedMicroseconds: 5)
        var bar = Kline(instrument: Self.book, interval: .minute1, openTime: Self.time, receivedMicroseconds: 5)
        let number = FrameText(offset: 0, count: 1)
        (bar.open, bar.high, bar.low, bar.close) = (number, number, number, number)
        bar.isConfirmed = true
        for isBackfilled in [false, true] {
            rate.isBackfilled = isBackfilled
            bar.isBackfilled = isBackfilled
            bench.publish(.fundingRate(rate))
            bench.publish(.kline(bar), frame: "7")
        }
        let messages = try bench.take()
        for type in ["funding_rate", "kline"] {
            let told = messages.filter { $0.type == type }
            #expect(told.map { $0.text(of: ["backfilled"]) } == [["backfilled": "false"], ["backfilled": "true"]])
            #expect(Set(told.map(\.id)).count == 1)
        }
    }

    @Test("A bar has one id however the venue writes its numbers")
    func klineDigits() throws {
        var bench = PublisherBench(messages: 64)
        for text in ["1.50", "1.5", "15e-1", "01.5"] {
            var bar = Kline(
                instrument: Self.book, interval: .minute1, openTime: Self.time, receivedMicroseconds: 5)
            let number = FrameText(offset: 0, count: text.utf8.count)
            (bar.open, bar.high, bar.low, bar.close, bar.baseVolume) = (number, number, number, number, number)
            bench.publish(.kline(bar), frame: text)
        }
        let messages = try bench.take()
        #expect(messages.count == 4 && Set(messages.map(\.id)).count == 1)
        #expect(messages.allSatisfy { $0.body["base_volume"] as? String == "1.5" })
        #expect(messages.allSatisfy { $0.id.hasPrefix("1m:1700000000000000:open:") })
    }

    @Test("Without any time of the venue an id is of this process, and no message is taken for another")
    func noTime() throws {
        var bench = PublisherBench(messages: 64)
        bench.publish(Self.mark("1", at: .none))
        bench.publish(Self.mark("1", at: .none))
        bench.publish(Self.funding("1", at: .none))
        bench.publish(Self.funding("1", at: .none))
        for event in MarketSamples.timeless { bench.publish(event, frame: MarketSamples.frame) }
        let ids = try bench.take().map { "\($0.type) \($0.id)" }.sorted()
        #expect(
            ids == [
                "funding_rate test:b:1", "funding_rate test:b:2", "kline test:b:1", "liquidation test:b:1",
                "lsr_all_account test:b:1", "mark_price test:b:1", "mark_price test:b:2", "open_interest test:b:1",
                "volatility_index test:b:1",
            ])
    }

    // MARK: - No room

    @Test("Of the mark prices above the watermark only the newest goes out")
    func heldMarks() throws {
        var bench = PublisherBench(messages: 16)
        for price in 1...8 { bench.publish(Self.mark("\(price)")) }
        for price in 9...12 { bench.publish(Self.mark("\(price)")) }
        let whileAbove = bench.publisher.holdsAnything
        let first = try bench.take().map { $0.body["mark"] as? String }
        _ = bench.flush()
        let messages = try bench.take()
        #expect(whileAbove && first.last == "8")
        #expect(messages.map { $0.body["mark"] as? String } == ["12"] && messages.map(\.number) == [9])
        #expect(bench.counts(.markPrice).conflated == 4 && bench.counts(.markPrice).produced == 13)
        let isHolding = bench.publisher.holdsAnything
        #expect(!isHolding)
    }

    @Test("A held mark price makes way for a newer one that finds room")
    func heldMarkIsOld() throws {
        var bench = PublisherBench(state: .down)
        bench.publish(Self.mark("1"))
        bench.queue.setDeliveryState(.up)
        bench.publish(Self.mark("2"))
        _ = bench.flush()
        #expect(try bench.take().map { $0.body["mark"] as? String } == ["2"])
    }

    @Test("What finds no room is dropped, counted, and on the ledger by its numbers", arguments: 0..<7)
    func losses(_ index: Int) throws {
        let event = MarketSamples.logged[index]
        var bench = PublisherBench(messages: 16)
        for _ in 0..<19 { bench.publish(event, frame: MarketSamples.frame) }
        let type = try #require(MessageType.allCases.first { bench.counts($0).produced == 19 })
        #expect(bench.counts(type)[.queueFull] == 3)
        _ = bench.flush()
        let entries = bench.ledger.takeDue(10, wall: 1, isLast: true)
        let told = entries.map {
            "\($0.of.token) \($0.cause) \($0.range?.from ?? "")..\($0.range?.to ?? "") \($0.missing ?? 0)"
        }
        #expect(told == ["\(type.token) queueFull 17..19 3"])
    }

    @Test("A bar whose numbers cannot be read is given up, counted, and on the ledger", arguments: ["", "1x", "."])
    func unreadableKline(_ text: String) throws {
        var bench = PublisherBench()
        var bar = Kline(instrument: Self.book, interval: .minute1, openTime: Self.time, receivedMicroseconds: 5)
        let number = FrameText(offset: 0, count: 1)
        (bar.open, bar.high, bar.low, bar.close) = (number, number, number, number)
        bar.quoteVolume = FrameText(offset: 1, count: max(1, text.utf8.count))
        bench.publish(.kline(bar), frame: "1" + text)
        _ = bench.flush()
        #expect(try bench.take().isEmpty && bench.counts(.kline)[.encoding] == 1)
        #expect(bench.ledger.takeDue(10, wall: 1, isLast: true).map(\.cause) == [.encoding])
    }

    @Test("The longest numbers and ids stay within what is reserved for them")
    func longest() throws {
        var bench = PublisherBench(messages: 64)
        let text = "-" + String(repeating: "9", count: 60) + "e64"
        var bar = Kline(instrument: Self.book, interval: .minute15, openTime: Self.time, receivedMicroseconds: .max)
        let number = FrameText(offset: 0, count: text.utf8.count)
        (bar.open, bar.high, bar.low, bar.close) = (number, number, number, number)
        (bar.baseVolume, bar.quoteVolume, bar.contractVolume) = (number, number, number)
        bar.tradeCount = .max
        bench.publish(.kline(bar), frame: text)
        let value = DecimalValue(-999_999_999_999_999_999, scale: 18)
        let longest = Timestamp(microseconds: .max)
        bench.publish(
            .volatilityIndex(
                VolatilityIndex(
                    instrument: Self.book, open: value, high: value, low: value, close: value,
                    resolutionMicroseconds: .max, eventTime: longest, receivedMicroseconds: .max)))
        let id = String(repeating: "7", count: 2_000)
        bench.publish(Self.liquidation(id: FrameText(offset: 0, count: 2_000)), frame: id)
        let messages = try bench.take()
        #expect(messages.count == 3)
        let low = messages.first { $0.type == "kline" }?.body["low"] as? String
        #expect(low == "-" + String(repeating: "9", count: 60) + String(repeating: "0", count: 64))
        #expect(messages.first { $0.type == "liquidation" }?.id == id + ":long")
    }

    // MARK: - Subjects

    @Test("A subject is registered with its first message and never again")
    func subjects() throws {
        var bench = PublisherBench(messages: 64)
        let before = bench.publisher.subjectCount
        bench.publish(Self.mark("1"))
        bench.publish(Self.mark("2"))
        bench.trade(1)
        let after = bench.publisher.subjectCount
        #expect(after == before + 2)
        let messages = try bench.take()
        #expect(Set(messages.map(\.subject)).count == 2 && messages.count == 3)
    }

    @Test("Instruments do not share subjects, in whatever order their messages come")
    func twoInstruments() throws {
        var bench = PublisherBench(messages: 64)
        let other = Instrument(
            venue: VenueID("okx"), segment: "swap", market: .perpetual, symbol: "ETH-USDT",
            venueSymbol: "ETH-USDT-SWAP",
            base: "ETH", quote: "USDT", contract: .linear, unit: .contracts)
        bench.publisher.add(other, scales: DecimalScales())
        for id in [InstrumentID(1), InstrumentID(0), InstrumentID(1)] {
            for type in LongShortRatio.Kind.allCases {
                bench.publish(
                    .longShortRatio(
                        LongShortRatio(
                            instrument: id, kind: type, ratio: Self.number("1"), periodMicroseconds: 1,
                            eventTime: Self.time, receivedMicroseconds: 5)))
            }
        }
        let messages = try bench.take()
        let counts = Dictionary(grouping: messages, by: \.subject).mapValues { $0.map(\.number) }
        #expect(counts.count == 6 && counts["md.lsr_top_account.okx.perpetual.ETH-USDT"] == [1, 2])
        #expect(counts["md.lsr_all_account.binance.spot.BTC-USDT"] == [1])
    }
}
