/// The levels of the frame in hand: one reusable array, of which events name ranges.
///
/// It grows to the largest frame seen, up to its limit, and is emptied between frames.
public struct LevelBuffer: ~Copyable {
    /// A run of levels inside the buffer.
    public struct Run: Sendable {
        public var start: Int32
        public var count: Int32

        public static let empty = Run(start: 0, count: 0)

        @inlinable
        public init(start: Int32, count: Int32) {
            self.start = start
            self.count = count
        }

        @inlinable
        public var isEmpty: Bool { self.count == 0 }

        @inlinable
        public var indices: Range<Int> { Int(self.start)..<(Int(self.start) + Int(self.count)) }
    }

    /// The most levels a frame may bring: 16 MiB of them.
    public static let limit = 1 << 20

    @usableFromInline
    var storage: UnsafeMutablePointer<Level>
    @usableFromInline
    var capacity: Int
    @usableFromInline
    var used = 0

    @inlinable
    public var count: Int { self.used }

    public init(capacity: Int = 4_096) {
        self.capacity = max(16, min(capacity, Self.limit))
        self.storage = .allocate(capacity: self.capacity)
    }

    deinit {
        self.storage.deallocate()
    }

    @inlinable
    public mutating func removeAll() {
        self.used = 0
    }

    /// Appends a level; false when the limit is reached.
    @inlinable @inline(__always)
    public mutating func append(_ level: Level) -> Bool {
        if self.count == self.capacity {
            guard self.grow() else { return false }
        }
        (self.storage + self.count).initialize(to: level)
        self.used &+= 1
        return true
    }

    /// Cuts the buffer back to a count it had before.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "a level buffer is only ever cut")
        self.used = count
    }

    /// Replaces the size at a place.
    public mutating func setSize(_ size: Int64, at index: Int) {
        precondition(index >= 0 && index < self.count, "level index out of range")
        self.storage[index].size = size
    }

    public subscript(index: Int) -> Level {
        @inlinable @inline(__always)
        get {
            precondition(index >= 0 && index < self.count, "level index out of range")
            return self.storage[index]
        }
    }

    /// Lends a run's levels.
    @inlinable @inline(__always)
    public func withLevels<Result>(_ run: Run, _ body: (UnsafeBufferPointer<Level>) -> Result) -> Result {
        precondition(run.start >= 0 && run.count >= 0 && run.indices.upperBound <= self.count, "run out of range")
        return body(UnsafeBufferPointer(start: self.storage + Int(run.start), count: Int(run.count)))
    }

    @usableFromInline
    mutating func grow() -> Bool {
        guard self.capacity < Self.limit else { return false }
        let wider = UnsafeMutablePointer<Level>.allocate(capacity: self.capacity * 2)
        wider.moveInitialize(from: self.storage, count: self.count)
        self.storage.deallocate()
        self.storage = wider
        self.capacity *= 2
        return true
    }
}
