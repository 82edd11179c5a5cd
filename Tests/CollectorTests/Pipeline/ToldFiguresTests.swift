import Collector
import MarketModel
import Testing

@Suite("Figures that two sockets bring")
struct ToldFiguresTests {
    private static let one = InstrumentID(0)
    private static let other = InstrumentID(1)

    private static func told() -> ToldFigures {
        var told = ToldFigures()
        for _ in 0..<2 { told.addInstrument() }
        return told
    }

    private static func mark(_ value: Int64, at time: Int64, _ instrument: InstrumentID = Self.one) -> MarkPrice {
        MarkPrice(
            instrument: instrument, mark: DecimalValue(value, scale: 0), eventTime: Timestamp(microseconds: time),
            receivedMicroseconds: 0)
    }

    private static func liquidation(_ size: Int64, at time: Int64, ordinal: UInt16 = 0) -> Liquidation {
        var liquidation = Liquidation(
            instrument: Self.one, position: .long, price: DecimalValue(7, scale: 0), priceKind: .average,
            size: DecimalValue(size, scale: 0), isSampled: false, eventTime: Timestamp(microseconds: time),
            receivedMicroseconds: 0)
        liquidation.ordinal = ordinal
        return liquidation
    }

    private static var empty: Frame {
        Frame(bytes: UnsafeRawBufferPointer(start: nil, count: 0), receivedMicroseconds: 0)
    }

    @Test("Of one socket everything is taken, whatever its times")
    func oneSocket() {
        var told = Self.told()
        for time in [5, 5, 4, 9, 1] as [Int64] { #expect(told.take(Self.mark(1, at: time)) == true) }
        for _ in 0..<3 { #expect(told.take(Self.liquidation(1, at: 1), in: Self.empty) == true) }
        #expect(told.repeats == 0)
    }

    @Test("What the first socket brought is left out, what it had not brought is taken, in order")
    func figures() {
        var told = Self.told()
        // The second was silent about 2, as it said what was known: a socket that lags may say it.
        for (value, time) in [(10, 1), (11, 3), (12, 3)] as [(Int64, Int64)] {
            #expect(told.take(Self.mark(value, at: time)) == true)
        }
        #expect(told.take(Self.mark(10, at: 9, Self.other)) == true)
        told.isJudging = true
        let results = ([(10, 1), (10, 2), (11, 3), (12, 3), (13, 3), (14, 4), (14, 4)] as [(Int64, Int64)]).map {
            told.take(Self.mark($0, at: $1))
        }
        #expect(results == [false, false, false, false, true, true, false])
        #expect(!told.take(Self.mark(10, at: 9, Self.other)) && told.repeats == 6)
    }

    @Test("A burst of one millisecond is known whole")
    func burst() {
        var told = Self.told()
        for value in Int64(1)...16 { #expect(told.take(Self.mark(value, at: 5)) == true) }
        told.isJudging = true
        for value in Int64(1)...16 { #expect(told.take(Self.mark(value, at: 5)) == false) }
        #expect(told.take(Self.mark(17, at: 5)) == true)
    }

    @Test("Rates, quotes, values of an index, liquidations and bars are told apart by all that they say")
    func kinds() {
        var told = Self.told()
        var rate = FundingRate(
            instrument: Self.one, rate: DecimalValue(1, scale: 4), eventTime: Timestamp(microseconds: 5),
            receivedMicroseconds: 0)
        var offer = BestBidOffer(
            instrument: Self.one, bid: Level(price: 1, size: 1), ask: Level(price: 2, size: 1), sequence: 0,
            eventTime: Timestamp(microseconds: 5), sentTime: .none, receivedMicroseconds: 0)
        var value = VolatilityIndex(
            instrument: Self.one, close: DecimalValue(50, scale: 0), eventTime: Timestamp(microseconds: 5),
            receivedMicroseconds: 0)
        for isFirst in [true, false] {
            told.isJudging = !isFirst
            #expect(told.take(rate) == isFirst && told.take(offer) == isFirst && told.take(value) == isFirst)
            #expect(told.take(Self.liquidation(1, at: 5), in: Self.empty) == isFirst)
            #expect(told.take(Self.liquidation(1, at: 5, ordinal: 1), in: Self.empty) == isFirst)
        }
        rate.fundingTime = Timestamp(microseconds: 6)
        offer.ask.size = 2
        value.close = DecimalValue(51, scale: 0)
        #expect(told.take(rate) && told.take(offer) && told.take(value))
        // Liquidations have no order of time.
        #expect(told.take(Self.liquidation(1, at: 4), in: Self.empty) == true)
    }

    @Test("A bar is a repeat only when all of it agrees, the text of its numbers too")
    func bars() {
        var told = Self.told()
        let frame = Array("100.5 7 8".utf8)
        func take(_ closeAt: Int, interval: KlineInterval = .minute1, isClosed: Bool = false) -> Bool {
            var bar = Kline(
                instrument: Self.one, interval: interval, openTime: Timestamp(microseconds: 60), receivedMicroseconds: 0
            )
            bar.open = FrameText(offset: 0, count: 5)
            bar.close = FrameText(offset: closeAt, count: 1)
            bar.isClosed = isClosed
            return frame.withUnsafeBytes { told.take(bar, in: Frame(bytes: $0, receivedMicroseconds: 0)) }
        }
        #expect(take(6))
        told.isJudging = true
        #expect(!take(6) && take(8) && take(6, interval: .hour1) && take(6, isClosed: true) && !take(8))
        // A text outside of the frame is none, and no trap.
        #expect(take(900) && !take(901))
    }
}
