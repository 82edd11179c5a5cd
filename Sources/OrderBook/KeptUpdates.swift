package import MarketModel

/// Updates kept in order until a snapshot can use them: bounded in frames and bytes.
package struct KeptUpdates {
    /// When full, what was kept is discarded and counted: the snapshot must then be newer than all of it.
    package struct Limits: Sendable, Equatable {
        package var frames: Int
        package var bytes: Int

        package init(frames: Int = 2_000, bytes: Int = 8 << 20) {
            self.frames = frames
            self.bytes = bytes
        }
    }

    struct Entry {
        var update: DepthUpdate
        var start: Int
        var bids: Int
        var asks: Int
    }

    private let limits: Limits
    private(set) var entries: [Entry] = []
    private(set) var levels: [Level] = []
    /// How often everything was discarded because a limit was reached.
    package private(set) var overflows: UInt64 = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    package var count: Int { self.entries.count }

    package var bytes: Int {
        self.entries.capacity * MemoryLayout<Entry>.stride + self.levels.capacity * MemoryLayout<Level>.stride
    }

    /// Keeps a copy of an update; false when that discarded what was kept before it.
    package mutating func append(_ update: DepthUpdate, from buffer: borrowing LevelBuffer) -> Bool {
        let added = Int(update.bids.count) + Int(update.asks.count)
        let isFull =
            self.entries.count >= self.limits.frames
            || (self.levels.count + added) * MemoryLayout<Level>.stride > self.limits.bytes
        if isFull {
            self.entries.removeAll(keepingCapacity: true)
            self.levels.removeAll(keepingCapacity: true)
            self.overflows += 1
        }
        let start = self.levels.count
        buffer.withLevels(update.bids) { self.levels.append(contentsOf: $0) }
        buffer.withLevels(update.asks) { self.levels.append(contentsOf: $0) }
        self.entries.append(
            Entry(update: update, start: start, bids: Int(update.bids.count), asks: Int(update.asks.count)))
        return !isFull
    }

    /// Drops the first `count` updates.
    package mutating func removeFirst(_ count: Int) {
        guard count > 0 else { return }
        guard count < self.entries.count else {
            self.removeAll()
            return
        }
        let shift = self.entries[count].start
        self.entries.removeFirst(count)
        self.levels.removeFirst(shift)
        for index in self.entries.indices { self.entries[index].start -= shift }
    }

    /// Forgets everything and gives the memory back.
    package mutating func removeAll() {
        self.entries = []
        self.levels = []
    }

    /// Multiplies every price and size by a power of ten; false when one does not fit.
    package mutating func rescale(price: UInt8, size: UInt8) -> Bool {
        for index in self.levels.indices {
            guard let level = self.levels[index].rescaled(price: price, size: size) else { return false }
            self.levels[index] = level
        }
        return true
    }
}
