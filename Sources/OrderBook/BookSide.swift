package import MarketModel

/// One side of a book: levels in one contiguous array, best last.
///
/// The array floats in its memory with room at both ends, so that a level that comes or goes moves the shorter part, and
/// the worst ones are dropped by moving its start.
///
/// A level is kept under its *key*: the price for bids, the negated price for asks. A greater key is a better price on
/// both sides, and one code path serves them.
package struct BookSide: ~Copyable {
    package enum Kind: Sendable {
        case bids, asks
    }

    package let kind: Kind
    /// How many levels are kept at most after `trim`; nil keeps every level.
    private let retain: Int?
    /// How many levels are known at most, whatever stands beyond them; `Int.max` without such a window.
    let window: Int
    /// The worst level; the others follow.
    private(set) var storage: UnsafeMutablePointer<Level>
    private var memory: UnsafeMutablePointer<Level>
    private var capacity: Int
    package internal(set) var count = 0
    /// Keys below this are not kept.
    private(set) var floor = Int64.min
    /// Where the last update landed: updates of a frame come sorted, so the next one is near.
    var finger = 0

    /// Holds no more than `retain` levels once a frame is done, or every level, and never more than `window`.
    package init(_ kind: Kind, retain: Int?, window: Int = .max) {
        precondition(window > 0, "a window has levels")
        self.kind = kind
        self.retain = retain
        self.window = window
        // Memory comes with the first level: an instrument without a book, or with a released one, costs none.
        self.capacity = 0
        self.memory = .allocate(capacity: 0)
        self.storage = self.memory
    }

    deinit {
        self.memory.deallocate()
    }

    /// Every level whose key is at or above this is known.
    @inline(__always)
    package var trustedFrom: Int64 {
        // A window that is not full holds the whole side; beyond a full one there may be more.
        self.floor == .min && self.count >= self.window ? self.storage[0].price : self.floor
    }

    /// The bytes that the levels occupy.
    package var bytes: Int { self.capacity * MemoryLayout<Level>.stride }

    /// Gives the key of a price; the same function turns a key back into its price.
    @inline(__always)
    package func key(of price: Int64) -> Int64 {
        self.kind == .bids ? price : -price
    }

    /// The best level, its price restored.
    @inline(__always)
    package var best: Level? {
        guard self.count > 0 else { return nil }
        let level = self.storage[self.count &- 1]
        return Level(price: self.key(of: level.price), size: level.size)
    }

    /// The level at `rank`, 0 being the best, its price restored.
    @inline(__always)
    package func level(atRank rank: Int) -> Level {
        precondition(rank >= 0 && rank < self.count, "no level at this rank")
        let level = self.storage[self.count &- 1 &- rank]
        return Level(price: self.key(of: level.price), size: level.size)
    }

    /// The key at `rank`, 0 being the best.
    @inline(__always)
    package func keyOfRank(_ rank: Int) -> Int64 {
        precondition(rank >= 0 && rank < self.count, "no level at this rank")
        return self.storage[self.count &- 1 &- rank].price
    }

    /// Gives the size at a price, or nil where there is no level.
    package func size(at price: Int64) -> Int64? {
        let key = self.key(of: price)
        let index = self.lowerBound(of: key, from: 0, to: self.count)
        guard index < self.count, self.storage[index].price == key else { return nil }
        return self.storage[index].size
    }

    /// Replaces everything by a snapshot's levels, best first, of which all prices up to `trustedTo` are known.
    ///
    /// - Returns: False when the levels are not strictly ordered from the best; the side is then empty.
    package mutating func replace(with levels: UnsafeBufferPointer<Level>, isComplete: Bool) -> Bool {
        self.removeAll()
        self.makeRoom(levels.count)
        var previous = Int64.max
        for (offset, level) in levels.enumerated() {
            let key = self.key(of: level.price)
            guard key < previous, level.size > 0 else {
                self.removeAll()
                return false
            }
            previous = key
            (self.storage + (levels.count - 1 - offset)).initialize(to: Level(price: key, size: level.size))
        }
        self.count = levels.count
        self.floor = isComplete ? .min : previous
        if self.count > self.window { self.cutToWindow() }
        self.trim(slack: 0)
        return true
    }

    /// Takes over another side's levels and trusted range.
    package mutating func replace(with other: borrowing BookSide) {
        self.count = 0
        self.makeRoom(other.count)
        self.storage.update(from: other.storage, count: other.count)
        self.count = other.count
        self.floor = other.floor
        self.finger = self.count
    }

    package mutating func removeAll() {
        self.count = 0
        self.floor = .min
        self.finger = 0
    }

    /// Drops what is worse than the levels to retain, and narrows the trusted range to what is left.
    ///
    /// - Parameter slack: How many levels more may stand before anything is dropped, so that one move serves many.
    @inline(__always)
    package mutating func trim(slack: Int) {
        guard let retain = self.retain, self.count > retain &+ slack else { return }
        let excess = self.count - retain
        self.storage += excess
        self.count = retain
        self.floor = retain > 0 ? self.storage[0].price : .max
        self.finger = self.count
    }

    /// Drops what a frame pushed out of the window.
    mutating func cutToWindow() { self.cut(to: self.window) }

    /// Drops what lies beyond the best `window` levels.
    mutating func cut(to window: Int) {
        let excess = self.count - window
        guard excess > 0 else { return }
        self.storage += excess
        self.count = window
        // What is not kept below a reserve's end cannot come to be known by a window that moves up.
        if self.floor != .min { self.floor = self.storage[0].price }
        self.finger = self.count
    }

    /// Multiplies every price and size by a power of ten; false when one does not fit.
    package mutating func rescale(price: UInt8, size: UInt8) -> Bool {
        for index in 0..<self.count {
            guard let level = self.storage[index].rescaled(price: price, size: size) else { return false }
            self.storage[index] = level
        }
        if self.floor != .min, self.floor != .max {
            guard let boundary = FixedPoint.rescale(self.floor, by: price) else { return false }
            self.floor = boundary
        }
        return true
    }

    /// The key from which on this side and another are both known.
    func knownFrom(with other: borrowing BookSide) -> Int64 { max(self.trustedFrom, other.trustedFrom) }

    /// How many levels lie at or above a key.
    func count(downTo key: Int64) -> Int {
        self.count - self.lowerBound(of: Self.searched(key), from: 0, to: self.count)
    }

    /// A key as it may enter the search: no key of a level lies beyond these.
    private static func searched(_ key: Int64) -> Int64 {
        min(max(key, -FixedPoint.mantissaMax - 1), FixedPoint.mantissaMax + 1)
    }

    /// Tells whether both sides hold the same levels from the best down to `key`.
    package func agrees(with other: borrowing BookSide, downTo key: Int64) -> Bool {
        let mine = self.count(downTo: key)
        guard mine == other.count(downTo: key) else { return false }
        for rank in 0..<mine where self.storage[self.count - 1 - rank] != other.storage[other.count - 1 - rank] {
            return false
        }
        return true
    }

    // MARK: - Search

    /// Finds the first index in `from..<to` whose key is at or above `key`, or `to`.
    @inline(__always)
    func lowerBound(of key: Int64, from: Int, to: Int) -> Int {
        var low = from
        var length = to &- from
        while length > 0 {
            let half = (length &+ 1) &>> 1
            low &+= half & Self.ifBelow(self.storage[low &+ half &- 1].price, key)
            length &-= half
        }
        return low
    }

    /// Gives -1, all bits set, if the first key is below the second, else 0; in arithmetic, since the compiler makes
    /// branches of a choice, and these are guessed wrong half the time.
    ///
    /// Mantissas lie within ±10^18, so the difference cannot overflow.
    @inline(__always)
    static func ifBelow(_ first: Int64, _ second: Int64) -> Int {
        Int(truncatingIfNeeded: (first &- second) &>> 63)
    }

    // MARK: - Storage

    /// Room beside the levels, so that moving all of them back into the middle is seldom.
    private static let drift = 768

    /// Moves the levels into the middle of memory that holds `wanted` of them and more at both ends.
    private mutating func makeRoom(_ wanted: Int) {
        var target = self.memory
        if wanted + Self.drift / 2 > self.capacity {
            self.capacity = max(wanted + Self.drift, 2 * self.capacity)
            target = .allocate(capacity: self.capacity)
        }
        let start = target + (self.capacity - wanted) / 2
        start.update(from: self.storage, count: self.count)
        if target != self.memory {
            self.memory.deallocate()
            self.memory = target
        }
        self.storage = start
    }

    @inline(__always)
    mutating func insert(_ level: Level, at index: Int) {
        let isLow = index < self.count / 2
        let hasRoom =
            isLow ? self.storage > self.memory : self.storage + self.count < self.memory + self.capacity
        if !hasRoom { self.makeRoom(self.count &+ 1) }
        if isLow {
            (self.storage - 1).update(from: self.storage, count: index)
            self.storage -= 1
        } else {
            let place = self.storage + index
            (place + 1).update(from: place, count: self.count &- index)
        }
        (self.storage + index).initialize(to: level)
        self.count &+= 1
    }

    @inline(__always)
    mutating func remove(at index: Int) {
        if index < self.count / 2 {
            (self.storage + 1).update(from: self.storage, count: index)
            self.storage += 1
        } else {
            let place = self.storage + index
            place.update(from: place + 1, count: self.count &- index &- 1)
        }
        self.count &-= 1
    }
}
