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

/// What another target implements to take the frames of a slot; `FrameConsumer.passing(to:)` makes the consumer of it.
///
/// A class of this target cannot be subclassed elsewhere without being public.
package protocol FrameSink: AnyObject {
    func socketOpened(_ id: SocketID)
    func frameReceived(_ frame: Frame, on id: SocketID)
    func socketClosed(_ id: SocketID, reason: DisconnectReason)
    func connectFailed(_ reason: DisconnectReason)
}

extension FrameConsumer {
    /// Makes a consumer that passes everything to `sink`, which it keeps.
    package static func passing(to sink: some FrameSink) -> FrameConsumer {
        SinkConsumer(sink)
    }
}

private final class SinkConsumer<Sink: FrameSink>: FrameConsumer {
    private let sink: Sink

    init(_ sink: Sink) {
        self.sink = sink
    }

    override func socketOpened(_ id: SocketID) { self.sink.socketOpened(id) }
    override func frameReceived(_ frame: Frame, on id: SocketID) { self.sink.frameReceived(frame, on: id) }
    override func socketClosed(_ id: SocketID, reason: DisconnectReason) {
        self.sink.socketClosed(id, reason: reason)
    }
    override func connectFailed(_ reason: DisconnectReason) { self.sink.connectFailed(reason) }
}
