/// What one frame gave: its events in order and the levels they name. Reused from frame to frame.
///
/// It grows to the most events a frame gave, up to its limit, and is emptied between frames.
public struct EventBatch: ~Copyable {
    /// The most events a frame may bring.
    public static let limit = 65_536

    public var levels = LevelBuffer()
    @usableFromInline
    var storage: UnsafeMutablePointer<MarketEvent>
    @usableFromInline
    var capacity = 64
    @usableFromInline
    var used = 0

    public init() {
        self.storage = .allocate(capacity: 64)
    }

    deinit {
        self.storage.deallocate()
    }

    /// A copy of all events.
    public var events: [MarketEvent] { Array(UnsafeBufferPointer(start: self.storage, count: self.used)) }

    /// How many events there are.
    @inlinable
    public var eventCount: Int { self.used }

    /// The event at a place.
    @inlinable @inline(__always)
    public func event(_ index: Int) -> MarketEvent {
        precondition(index >= 0 && index < self.used, "event index out of range")
        return self.storage[index]
    }

    @inlinable @inline(__always)
    public mutating func removeAll() {
        self.levels.removeAll()
        self.used = 0
    }

    /// Appends an event; false when the limit is reached.
    @inlinable @inline(__always)
    public mutating func append(_ event: MarketEvent) -> Bool {
        if self.used == self.capacity {
            guard self.grow() else { return false }
        }
        (self.storage + self.used).initialize(to: event)
        self.used &+= 1
        return true
    }

    @usableFromInline
    mutating func grow() -> Bool {
        guard self.capacity < Self.limit else { return false }
        let wider = UnsafeMutablePointer<MarketEvent>.allocate(capacity: self.capacity * 2)
        wider.moveInitialize(from: self.storage, count: self.used)
        self.storage.deallocate()
        self.storage = wider
        self.capacity *= 2
        return true
    }
}
