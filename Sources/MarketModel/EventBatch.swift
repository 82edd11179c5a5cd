/// What one frame gave: its events in order and the levels they name. Reused from frame to frame.
package struct EventBatch: ~Copyable {
    /// The most events a frame may bring.
    package static let limit = 65_536

    package var levels = LevelBuffer()
    package private(set) var events: ContiguousArray<MarketEvent> = []

    package init() {
        self.events.reserveCapacity(64)
    }

    @inline(__always)
    package mutating func removeAll() {
        self.levels.removeAll()
        self.events.removeAll(keepingCapacity: true)
    }

    /// Appends an event; false when the limit is reached.
    @inline(__always)
    package mutating func append(_ event: MarketEvent) -> Bool {
        guard self.events.count < Self.limit else { return false }
        self.events.append(event)
        return true
    }
}
