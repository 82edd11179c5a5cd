/// Counts durations on one thread, in memory of its own: recording is a few instructions and allocates nothing.
///
/// It is never copied, so that a scrape takes nothing from the thread that records; `histogram` copies the counts out.
/// A constant of a class needs no check of exclusive access when it records, which would cost more than the rest.
package struct LatencyRecorder: ~Copyable {
    /// Behind the fine buckets of `LatencyHistogram` stand these.
    private enum Cell {
        static var belowZero: Int { LatencyHistogram.fineBuckets }
        static var sum: Int { LatencyHistogram.fineBuckets + 1 }
        static var maximum: Int { LatencyHistogram.fineBuckets + 2 }
        static var count: Int { LatencyHistogram.fineBuckets + 3 }
    }

    /// Memory of one.
    package static let byteCount = Cell.count * MemoryLayout<UInt64>.stride

    private let cells: UnsafeMutablePointer<UInt64>

    package init() {
        self.cells = .allocate(capacity: Cell.count)
        self.cells.initialize(repeating: 0, count: Cell.count)
    }

    deinit {
        self.cells.deallocate()
    }

    /// Counts one duration; one below zero counts as zero, and is told as such.
    package func record(microseconds: Int64) {
        if microseconds < 0 { self.cells[Cell.belowZero] &+= 1 }
        let value = UInt64(truncatingIfNeeded: max(microseconds, 0))
        self.cells[LatencyHistogram.index(of: min(value, LatencyHistogram.longest))] &+= 1
        self.cells[Cell.sum] = LatencyHistogram.held(self.cells[Cell.sum], value)
        if value > self.cells[Cell.maximum] { self.cells[Cell.maximum] = value }
    }

    /// Everything counted so far.
    package var histogram: LatencyHistogram {
        LatencyHistogram(
            fine: Array(UnsafeBufferPointer(start: self.cells, count: LatencyHistogram.fineBuckets)),
            belowZero: self.cells[Cell.belowZero], sum: self.cells[Cell.sum], maximum: self.cells[Cell.maximum])
    }
}
