package import MarketModel

/// What takes the frames of a connection slot, on the loop's thread; overridden where it matters.
///
/// Method dispatch through the class costs a frame one indirect call and no allocation.
package class FrameConsumer {
    package init() {}

    /// A socket is open and can be written to; in a rotation it is the second one.
    package func socketOpened(_ id: SocketID) {}

    /// A whole message; its bytes are lent for the length of the call.
    package func frameReceived(_ frame: Frame, on id: SocketID) {}

    /// A socket that was open is gone, its descriptor closed.
    package func socketClosed(_ id: SocketID, reason: DisconnectReason) {}

    /// An attempt to connect came to nothing; the slot tries again by itself.
    package func connectFailed(_ reason: DisconnectReason) {}

    /// A planned rotation ended.
    package func rotationEnded(_ outcome: ConnectionSlotMachine.RotationOutcome) {}

    /// The slot's state changed; calls for the sockets themselves come before.
    package func stateChanged(_ state: SlotState) {}
}
