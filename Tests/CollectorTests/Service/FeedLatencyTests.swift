import MarketModel
import Observability
import Testing
import Venues

@testable import Collector

@Suite("Latencies of a feed")
struct FeedLatencyTests {
    private static func sum(_ latency: borrowing FeedLatency) -> SegmentLatency {
        var sum = SegmentLatency(segment: BinanceSegment.spot.id)
        latency.add(to: &sum)
        return sum
    }

    @Test("The clock's offset is the middle one of the latest times, with its sign")
    func offset() {
        let latency = FeedLatency()
        let none = Self.sum(latency).offsetMicroseconds
        #expect(none == nil)
        for step in Int64(0)..<1_000 {
            latency.record(venueTime: Timestamp(microseconds: 5_000_000), received: 5_000_000 + step)
        }
        // 64 times are kept: 936 to 999.
        let middle = Self.sum(latency).offsetMicroseconds
        #expect(middle == 968)
        for _ in 0..<64 { latency.record(venueTime: Timestamp(microseconds: 5_000_000), received: 4_900_000) }
        let sum = Self.sum(latency)
        #expect(sum.offsetMicroseconds == -100_000)
        #expect(sum.venue.belowZero == 64 && sum.venue.count == 1_064)
    }

    @Test("Every sixteenth frame is timed to the queue; frames without a venue's time count there alone")
    func sampling() {
        let latency = FeedLatency()
        for _ in 0..<47 { latency.record(venueTime: .none, received: 0) }
        let before = Self.sum(latency).queue.count
        #expect(before == 2)
        latency.record(venueTime: .none, received: 0)
        let sum = Self.sum(latency)
        #expect(sum.queue.count == 3 && sum.venue.count == 0 && sum.offsetMicroseconds == nil)
    }

    @Test("A venue's time at the ends of 64 bits traps nothing")
    func ends() {
        let latency = FeedLatency()
        latency.record(venueTime: Timestamp(microseconds: -5), received: .max)
        latency.record(venueTime: Timestamp(microseconds: .max), received: 5)
        let sum = Self.sum(latency)
        #expect(sum.venue.count == 1 && sum.offsetMicroseconds == 5 - .max)
    }

    @Test("Connections of a segment are told together")
    func together() {
        let left = FeedLatency()
        let right = FeedLatency()
        left.record(venueTime: Timestamp(microseconds: 100), received: 110)
        right.record(venueTime: Timestamp(microseconds: 100), received: 130)
        right.record(venueTime: Timestamp(microseconds: 100), received: 120)
        var sum = Self.sum(left)
        sum.add(Self.sum(right))
        #expect(sum.venue.count == 3 && sum.venue.sum == 60 && sum.offsetMicroseconds == 20)
    }
}
