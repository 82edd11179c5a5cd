/// Why a message was given up; a closed set, since it names metrics.
package enum DropReason: UInt8, CaseIterable, Sendable {
    /// The lane was at its limit in bytes or messages.
    case queueFull
    /// There was no connection, and the message is worthless later.
    case disconnected
    /// Larger than a lane takes or than the server accepts.
    case tooLarge
    /// It could not be put into bytes.
    case encoding
    /// The server or the client library refused it for good.
    case refused
    /// The spool was at its limit in bytes, and this was the oldest in it.
    case spoolFull
    /// It stood in the spool for longer than messages are kept there.
    case spoolExpired
    /// What stood in the spool cannot be read any more.
    case spoolCorrupt

    package var name: StaticString {
        switch self {
        case .queueFull: "queue_full"
        case .disconnected: "disconnected"
        case .tooLarge: "too_large"
        case .encoding: "encoding"
        case .refused: "refused"
        case .spoolFull: "spool_full"
        case .spoolExpired: "spool_expired"
        case .spoolCorrupt: "spool_corrupt"
        }
    }
}
