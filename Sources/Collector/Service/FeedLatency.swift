import MarketModel
import Observability
import Transport
import Venues

/// How long the frames of one connection took: from the venue's stamp to us, and from us to the queue.
///
/// Confined to its loop's thread, in memory of its own: recording allocates nothing, and a constant of a class needs no
/// check of exclusive access.
struct FeedLatency: ~Copyable {
    /// Of how many of the latest frames the middle one is taken.
    private static var recentMost: Int { 64 }
    /// Every how many frames the clock is read when the frame is done.
    private static var framesPerClock: Int64 { 16 }

    /// Behind the latest times stand these.
    private enum Cell {
        static var frames: Int { FeedLatency.recentMost }
        static var stamped: Int { FeedLatency.recentMost + 1 }
        static var count: Int { FeedLatency.recentMost + 2 }
    }

    private let venue = LatencyRecorder()
    private let queue = LatencyRecorder()
    /// The latest times from the venue's stamp, with their signs; the histogram holds none below zero.
    private let cells: UnsafeMutablePointer<Int64>

    init() {
        self.cells = .allocate(capacity: Cell.count)
        self.cells.initialize(repeating: 0, count: Cell.count)
    }

    deinit {
        self.cells.deallocate()
    }

    /// Counts one frame; the time in microseconds since the epoch.
    ///
    /// The venue's times are counted for every frame; the time to the queue for every sixteenth, as reading the clock
    /// costs more than all the rest of this.
    @inline(__always)
    func record(venueTime: Timestamp, received: Int64) {
        self.cells[Cell.frames] &+= 1
        if self.cells[Cell.frames] % Self.framesPerClock == 0 {
            self.queue.record(microseconds: LoopClock.wallMicroseconds() &- received)
        }
        guard let time = venueTime.microseconds else { return }
        let (latency, overflow) = received.subtractingReportingOverflow(time)
        guard !overflow else { return }
        self.venue.record(microseconds: latency)
        self.cells[Int(truncatingIfNeeded: self.cells[Cell.stamped]) & (Self.recentMost - 1)] = latency
        self.cells[Cell.stamped] &+= 1
    }

    func add(to sum: inout SegmentLatency) {
        sum.venue.merge(self.venue.histogram)
        sum.queue.merge(self.queue.histogram)
        let count = min(self.cells[Cell.stamped], Int64(Self.recentMost))
        sum.recent.append(contentsOf: UnsafeBufferPointer(start: self.cells, count: Int(truncatingIfNeeded: count)))
    }
}

/// What the connections of one segment say together.
struct SegmentLatency: Sendable {
    let segment: SegmentID
    /// From the venue's stamp of an event to the receipt of its frame.
    var venue = LatencyHistogram()
    /// From the receipt of a frame to its last message in the queue, of every sixteenth frame.
    var queue = LatencyHistogram()
    /// The latest times from the venue's stamp, microseconds, in no order.
    var recent: [Int64] = []

    init(segment: SegmentID) {
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
