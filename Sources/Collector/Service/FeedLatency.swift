import MarketModel
import Observability
import Transport

/// How long the frames of one connection took: from the venue's stamp to us, and from us to the queue.
///
/// Confined to its loop's thread. It is never copied out as it stands: a copy would share the histograms' memory, and
/// the next frame would have to allocate; `SegmentLatency` adds it up into memory of its own.
struct FeedLatency {
    /// Of how many of the latest frames the middle one is taken.
    static let recentMaximum: UInt64 = 64
    /// Every how many frames the clock is read when the frame is done.
    static let framesPerClock: UInt64 = 16

    private var venue = LatencyHistogram()
    private var queue = LatencyHistogram()
    /// The latest times from the venue's stamp, with their signs; the histogram holds none below zero.
    private var recent = [Int64](repeating: 0, count: Int(Self.recentMaximum))
    private var stamped: UInt64 = 0
    private var frames: UInt64 = 0

    /// Counts one frame; the time in microseconds since the epoch.
    ///
    /// The venue's times are counted for every frame; the time to the queue for every sixteenth, as reading the clock
    /// costs more than all the rest of this.
    @inline(__always)
    mutating func record(venueTime: Timestamp, received: Int64) {
        self.frames &+= 1
        if self.frames % Self.framesPerClock == 0 {
            self.queue.record(microseconds: LoopClock.wallMicroseconds() &- received)
        }
        guard let time = venueTime.microseconds else { return }
        let (latency, overflow) = received.subtractingReportingOverflow(time)
        guard !overflow else { return }
        self.venue.record(microseconds: latency)
        self.recent[Int(truncatingIfNeeded: self.stamped % Self.recentMaximum)] = latency
        self.stamped &+= 1
    }

    func add(to sum: inout SegmentLatency) {
        sum.venue.merge(self.venue)
        sum.queue.merge(self.queue)
        sum.recent += self.recent.prefix(Int(min(self.stamped, Self.recentMaximum)))
    }
}

/// What the connections of one segment say together.
struct SegmentLatency: Sendable {
    let segment: String
    /// From the venue's stamp of an event to the receipt of its frame.
    var venue = LatencyHistogram()
    /// From the receipt of a frame to its last message in the queue, of every sixteenth frame.
    var queue = LatencyHistogram()
    /// The latest times from the venue's stamp, microseconds, in no order.
    var recent: [Int64] = []

    init(segment: String) {
        self.segment = segment
    }

    mutating func add(_ other: SegmentLatency) {
        self.venue.merge(other.venue)
        self.queue.merge(other.queue)
        self.recent += other.recent
    }

    /// The middle one of the latest times from the venue's stamp; nil before the first.
    ///
    /// The way of a frame stands in it, so the venue's clock is at most this far behind ours, and below zero it is ahead.
    var offsetMicroseconds: Int64? {
        guard !self.recent.isEmpty else { return nil }
        return self.recent.sorted()[self.recent.count / 2]
    }
}
