/// The last few failures of something, with the count of all.
package struct FailureLog<Entry> {
    package let capacity: Int
    /// Every failure ever recorded, kept or not.
    package private(set) var total = 0
    private var ring: [Entry] = []
    private var oldest = 0

    package init(capacity: Int) {
        precondition(capacity > 0, "a log that keeps nothing is a counter")
        self.capacity = capacity
    }

    /// Keeps `entry` in place of the oldest once full.
    package mutating func record(_ entry: Entry) {
        self.total += 1
        if self.ring.count < self.capacity {
            self.ring.append(entry)
        } else {
            self.ring[self.oldest] = entry
            self.oldest = (self.oldest + 1) % self.capacity
        }
    }

    /// What is kept, oldest first.
    package var entries: [Entry] {
        Array(self.ring[self.oldest...] + self.ring[..<self.oldest])
    }
}

extension FailureLog: Sendable where Entry: Sendable {}
