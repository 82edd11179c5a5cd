/// What a slot tells the venue's budget when it wants to connect.
package struct ConnectRequest: Hashable, Sendable {
    /// The slot's number; it asks again under the same one while it has no answer.
    package let slot: UInt32
    /// Whether a socket carries the data meanwhile, so that there is no hurry.
    package let isRotation: Bool

    package init(slot: UInt32, isRotation: Bool) {
        self.slot = slot
        self.isRotation = isRotation
    }
}

/// The right to connect once.
package struct ConnectPermit: Sendable {
    /// Returns it, where nothing reached the venue; called at most once, from any thread.
    package let giveBack: @Sendable () -> Void
    /// Says that the venue refused the connection for its rate, with 429 or 418.
    package let rateRefused: @Sendable () -> Void

    package init(giveBack: @escaping @Sendable () -> Void = {}, rateRefused: @escaping @Sendable () -> Void = {}) {
        self.giveBack = giveBack
        self.rateRefused = rateRefused
    }
}
