/// What one frame gave: its events in order and the levels they name. Reused from frame to frame.
package struct EventBatch: ~Copyable {
    /// The most events a frame may bring.
    package static let limit = 65_536

    package var levels = LevelBuffer()
    @usableFromInline
    var list: ContiguousArray<MarketEvent> = []

    @inlinable
    package var events: ContiguousArray<MarketEvent> { self.list }

    /// How many events there are.
    @inlinable
    package var eventCount: Int { self.list.count }

    /// The event at a place.
    @inlinable @inline(__always)
    package func event(_ index: Int) -> MarketEvent { self.list[index] }

    package init() {
        self.list.reserveCapacity(64)
    }

    @inlinable @inline(__always)
    package mutating func removeAll() {
        self.levels.removeAll()
        self.list.removeAll(keepingCapacity: true)
    }

    /// Appends an event; false when the limit is reached.
    @inlinable @inline(__always)
    package mutating func append(_ event: MarketEvent) -> Bool {
        guard self.list.count < Self.limit else { return false }
        self.list.append(event)
        return true
    }
}
