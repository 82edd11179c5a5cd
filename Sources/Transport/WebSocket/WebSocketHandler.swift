internal import MarketModel

/// What a WebSocket connection tells its owner, on the loop's thread; overridden, so that a frame costs one
/// indirect call and no allocation.
class WebSocketHandler {
    /// The upgrade was answered well.
    func opened(_ connection: WebSocketConnection) {}

    /// A whole message arrived; its bytes are lent for the length of the call.
    func received(_ frame: Frame, on connection: WebSocketConnection) {}

    /// The socket is gone; the last call, made once for every connection whether it opened or not.
    func ended(_ connection: WebSocketConnection, reason: DisconnectReason) {}
}

/// What one connection counted.
package struct WebSocketCounters: Sendable, Equatable {
    package internal(set) var messages: UInt64 = 0
    /// Payload bytes as sent, before inflating.
    package internal(set) var bytes: UInt64 = 0
    /// Messages that came in more than one piece and had to be gathered.
    package internal(set) var gathered: UInt64 = 0
    /// Messages that came compressed.
    package internal(set) var inflated: UInt64 = 0
    package internal(set) var sent: UInt64 = 0
    /// Texts refused because the send queue was full or the connection not open.
    package internal(set) var refusedSends: UInt64 = 0
    package internal(set) var pingsSent: UInt64 = 0
    package internal(set) var pongsReceived: UInt64 = 0

    package init() {}
}
