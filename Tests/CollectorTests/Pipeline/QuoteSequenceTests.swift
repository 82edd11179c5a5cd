import Collector
import MarketModel
import Testing

@Suite("Best bids and offers by their ids")
struct QuoteSequenceTests {
    private static func offer(
        _ sequence: UInt64, bid: Int64 = 100, at time: Timestamp = .none
    ) -> BestBidOffer {
        BestBidOffer(
            instrument: InstrumentID(0), bid: Level(price: bid, size: 1), ask: Level(price: 200, size: 1),
            sequence: sequence, eventTime: time, sentTime: .none, receivedMicroseconds: 0)
    }

    /// Feeds offers and says of each whether it was taken.
    private static func taken(_ offers: [BestBidOffer], by sequence: inout QuoteSequence) -> [Bool] {
        var result: [Bool] = []
        for offer in offers { result.append(sequence.take(offer)) }
        return result
    }

    @Test("A repeat and an older offer are left out; another offer of the same update is not")
    func stale() {
        var sequence = QuoteSequence()
        let offers = [Self.offer(5), Self.offer(5), Self.offer(5, bid: 101), Self.offer(4), Self.offer(6)]
        #expect(Self.taken(offers, by: &sequence) == [true, false, true, false, true])
        #expect(sequence.stale == 2)
    }

    @Test("After a new start any id is taken: the venue may count anew")
    func restart() {
        var sequence = QuoteSequence()
        #expect(Self.taken([Self.offer(1_000)], by: &sequence) == [true])
        sequence.restart()
        #expect(Self.taken([Self.offer(3), Self.offer(2)], by: &sequence) == [true, false])
    }

    @Test("Ids that fall while the venue's time goes on start anew; a socket that lags brings nothing")
    func fallingIDs() {
        var sequence = QuoteSequence()
        let offers = [(900, 10), (899, 9), (898, 10), (3, 11), (4, 11), (2, 11), (5, 12)].map { id, time in
            Self.offer(id, at: Timestamp(microseconds: time))
        }
        #expect(Self.taken(offers, by: &sequence) == [true, false, false, true, true, false, true])
    }

    @Test("Offers without ids are all taken")
    func uncounted() {
        var sequence = QuoteSequence()
        #expect(Self.taken([Self.offer(0), Self.offer(0)], by: &sequence) == [true, true])
        #expect(sequence.stale == 0)
    }
}
