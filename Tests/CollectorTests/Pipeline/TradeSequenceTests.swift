import Collector
import MarketModel
import Publishing
import Testing

@Suite("Trades by their ids")
struct TradeSequenceTests {
    private static func trade(_ id: UInt64, first: UInt64? = nil) -> Trade {
        Trade(
            instrument: InstrumentID(0), id: FrameText(offset: 0, count: 1), sequence: id, firstSequence: first,
            price: 1, size: 1, aggressor: .buy, isAggregate: false, eventTime: .none, sentTime: .none,
            receivedMicroseconds: 0)
    }

    /// Feeds aggregates by the ids they cover and gives the last ids of those that were taken.
    private static func taken(_ runs: [ClosedRange<UInt64>], by sequence: inout TradeSequence) -> [UInt64] {
        runs.filter { sequence.take(Self.trade($0.upperBound, first: $0.lowerBound)) != .repeated }.map(\.upperBound)
    }

    /// Feeds ids and gives those that were taken.
    private static func taken(_ ids: [UInt64], by sequence: inout TradeSequence) -> [UInt64] {
        var result: [UInt64] = []
        for id in ids where sequence.take(Self.trade(id)) != .repeated { result.append(id) }
        return result
    }

    @Test("Each trade of two overlapping sockets is taken once, in whatever order they interleave")
    func overlap() {
        var sequence = TradeSequence()
        let taken = Self.taken([10, 11, 13, 12, 12, 13, 15, 11, 14, 14, 16], by: &sequence)
        #expect(taken == [10, 11, 13, 12, 15, 14, 16])
        #expect(sequence.missing == 0 && sequence.late == 2 && sequence.duplicates == 4 && sequence.jumps == 2)
    }

    @Test("Trades of one millisecond are told apart by their ids")
    func oneMillisecond() {
        var sequence = TradeSequence()
        var taken: [UInt64] = []
        for id in [71, 72, 73, 74, 75, 73] as [UInt64] {
            var trade = Self.trade(id)
            trade.eventTime = Timestamp(milliseconds: 1_700_000_000_000)
            if sequence.take(trade) != .repeated { taken.append(id) }
        }
        #expect(taken == [71, 72, 73, 74, 75])
    }

    @Test("A jump names its ids and its cause: in the stream, after a reconnect, after a restart")
    func jumps() {
        var sequence = TradeSequence()
        sequence.resume(after: 100, at: 0)
        #expect(Self.taken([104], by: &sequence) == [104])
        #expect(sequence.lastJump?.ids == 101...103 && sequence.lastJump?.cause == .restart)
        #expect(Self.taken([105, 107], by: &sequence) == [105, 107])
        #expect(sequence.lastJump?.ids == 106...106 && sequence.lastJump?.cause == .tradeJump)
        sequence.connectionEnded()
        #expect(Self.taken([120], by: &sequence) == [120])
        #expect(sequence.lastJump?.ids == 108...119 && sequence.lastJump?.cause == .reconnect)
        #expect(sequence.missing == 3 + 1 + 12 && sequence.jumps == 3)
    }

    @Test("What the process before had published is not taken again; a venue that counts anew is followed")
    func resumed() {
        var sequence = TradeSequence()
        sequence.resume(after: 100, at: 0)
        #expect(Self.taken([99, 100, 101], by: &sequence) == [101])
        #expect(sequence.jumps == 0 && sequence.duplicates == 2)
        var anew = TradeSequence()
        anew.resume(after: 1_000, at: 0)
        #expect(Self.taken([5, 6], by: &anew) == [5, 6])
        #expect(anew.restarts == 1 && anew.missing == 0)
    }

    @Test("An aggregate follows when the first of its ids does, and a jump ends in front of it")
    func aggregates() {
        var sequence = TradeSequence()
        #expect(Self.taken([5...10, 11...11, 12...300, 301...302], by: &sequence) == [10, 11, 300, 302])
        #expect(sequence.missing == 0 && sequence.jumps == 0)
        #expect(Self.taken([305...310], by: &sequence) == [310])
        #expect(sequence.missing == 2 && sequence.lastJump?.ids == 303...304)
        #expect(Self.taken([303...304, 303...304, 305...310, 301...302], by: &sequence) == [304])
        #expect(sequence.missing == 0 && sequence.late == 1 && sequence.duplicates == 3)
    }

    @Test("A venue that counts aggregates anew is followed when they are in a row")
    func aggregatesAnew() {
        var sequence = TradeSequence()
        _ = Self.taken([100...101, 102...9_999_999_999], by: &sequence)
        let rows = stride(from: UInt64(102), to: 132, by: 3).map { $0...($0 + 2) }
        #expect(Self.taken(rows, by: &sequence) == [125, 128, 131])
        #expect(sequence.restarts == 1)
    }

    @Test("What was passed over and never comes is missing")
    func missing() {
        var sequence = TradeSequence()
        #expect(Self.taken([1, 2, 5, 100, 500], by: &sequence) == [1, 2, 5, 100, 500])
        #expect(sequence.missing == 2 + 94 + 399 && sequence.taken == 5)
    }

    @Test("A trade from before the first one is not taken: it may be known from another life")
    func beforeTheFirst() {
        var sequence = TradeSequence()
        #expect(Self.taken([100, 99, 98], by: &sequence) == [100])
        #expect(sequence.duplicates == 2 && sequence.missing == 0)
    }

    @Test("A trade that was missed is taken however late it comes, and once")
    func veryLate() {
        var sequence = TradeSequence()
        #expect(Self.taken([1, 3, 66, 1_000, 2, 2, 500], by: &sequence) == [1, 3, 66, 1_000, 2, 500])
        #expect(sequence.missing == 62 + 932 && sequence.duplicates == 1 && sequence.late == 2)
    }

    @Test("A trade that was fetched is wanted once: not when it came late, and not late when it was fetched")
    func repaired() {
        var sequence = TradeSequence()
        #expect(Self.taken([1, 5, 3], by: &sequence) == [1, 5, 3])
        #expect([2, 3, 4].map { sequence.wants(Self.trade($0)) } == [true, false, true])
        sequence.repair(Self.trade(2))
        #expect(!sequence.wants(Self.trade(2)) && sequence.missing == 1 && sequence.repaired == 1)
        #expect(Self.taken([2, 4], by: &sequence) == [4])
        #expect(!sequence.wants(Self.trade(4)) && sequence.missing == 0)
        #expect(!sequence.wants(Self.trade(6)) && !sequence.wants(Self.trade(0)))
    }

    @Test("A hole begins when the trade before it came")
    func since() {
        var sequence = TradeSequence()
        sequence.resume(after: 100, at: 77)
        #expect(sequence.take(Self.trade(104)) == .behindHole && sequence.lastJump?.since == 77)
    }

    @Test("A venue that counts anew after a reconnect is followed from its first trade on")
    func restartAfterReconnect() {
        var sequence = TradeSequence()
        _ = Self.taken([5_000, 5_001], by: &sequence)
        sequence.connectionEnded()
        #expect(Self.taken([10, 11, 12], by: &sequence) == [10, 11, 12])
        #expect(sequence.restarts == 1 && sequence.duplicates == 0)
    }

    @Test("A reconnect that goes on where it was restarts nothing, and its repeats stay repeats")
    func reconnectWithoutRestart() {
        var sequence = TradeSequence()
        _ = Self.taken([100, 101, 102], by: &sequence)
        sequence.connectionEnded()
        #expect(Self.taken([102, 103, 20], by: &sequence) == [103])
        #expect(sequence.restarts == 0 && sequence.duplicates == 2)
    }

    @Test("One id that is none silences a stream for a few trades, not for ever")
    func junk() {
        var sequence = TradeSequence()
        _ = Self.taken([100, 101, 9_999_999_999_999_999_999], by: &sequence)
        let taken = Self.taken(Array(102...120), by: &sequence)
        #expect(taken == Array(109...120))
        #expect(sequence.restarts == 1)
    }

    @Test("A socket that lags by hundreds of trades repeats nothing")
    func lagging() {
        var sequence = TradeSequence()
        _ = Self.taken(Array(1...2_000), by: &sequence)
        #expect(Self.taken(Array(1_000...1_900), by: &sequence).isEmpty)
        #expect(sequence.restarts == 0)
    }

    @Test("Trades without ids are all taken")
    func uncounted() {
        var sequence = TradeSequence()
        #expect(Self.taken([0, 0, 0], by: &sequence) == [0, 0, 0])
        #expect(sequence.taken == 3 && sequence.duplicates == 0)
    }

    @Test("Any interleaving of two sockets with the same trades gives each exactly once")
    func interleavings() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var sequence = TradeSequence()
            var first = 1000, second = 1000
            var taken: [UInt64] = []
            while first < 1200 || second < 1200 {
                // The sockets drift apart by at most 40 trades.
                let leads = first < 1200 && (second >= 1200 || first - second < 40) && Bool.random(using: &generator)
                let behind = second < 1200 && (first >= 1200 || second - first < 40)
                if leads || !behind {
                    taken += Self.taken([UInt64(first)], by: &sequence)
                    first += 1
                } else {
                    taken += Self.taken([UInt64(second)], by: &sequence)
                    second += 1
                }
            }
            #expect(taken.sorted() == (1000..<1200).map(UInt64.init))
            #expect(sequence.missing == 0)
        }
    }
}
