/// Why a connection ended or never came to be.
package struct DisconnectReason: Error, Hashable, Sendable {
    /// The closed list of what can happen, for counters and labels.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case resolveFailed = "resolve_failed"
        case resolveTimedOut = "resolve_timed_out"
        case connectFailed = "connect_failed"
        case connectTimedOut = "connect_timed_out"
        case tlsFailed = "tls_failed"
        case tlsTimedOut = "tls_timed_out"
        case upgradeRefused = "upgrade_refused"
        case upgradeTimedOut = "upgrade_timed_out"
        case closedByPeer = "closed_by_peer"
        case connectionLost = "connection_lost"
        case pongTimedOut = "pong_timed_out"
        case frameTooLarge = "frame_too_large"
        case messageTooLarge = "message_too_large"
        case invalidUTF8 = "invalid_utf8"
        case invalidCompression = "invalid_compression"
        case protocolViolation = "protocol_violation"
        case replaced
        case rotated
        case rotationGivenUp = "rotation_given_up"
        case stopped

        /// Whether the attempt ended before there was a connection, which a venue could count.
        package var leftVenueUntouched: Bool {
            switch self {
            case .resolveFailed, .resolveTimedOut, .connectFailed, .connectTimedOut: true
            case .tlsFailed, .tlsTimedOut, .upgradeRefused, .upgradeTimedOut, .closedByPeer, .connectionLost,
                .pongTimedOut, .frameTooLarge, .messageTooLarge, .invalidUTF8, .invalidCompression,
                .protocolViolation, .replaced, .rotated, .rotationGivenUp, .stopped:
                false
            }
        }
    }

    package let kind: Kind

    /// The peer's close code, where it sent one; the library turns 1012 to 1015 into 1002.
    package var closeCode: UInt16?

    /// The HTTP status that answered the upgrade, where it was not 101.
    package var httpStatus: Int?

    /// What the library, the peer or the caller said about it, 128 bytes at most.
    package var detail: String

    package init(_ kind: Kind, closeCode: UInt16? = nil, httpStatus: Int? = nil, detail: String = "") {
        self.kind = kind
        self.closeCode = closeCode
        self.httpStatus = httpStatus
        self.detail = String(detail.prefix(128))
    }

    /// Whether we ended the connection on purpose, so that nothing is wrong with the endpoint.
    package var isOurs: Bool {
        switch self.kind {
        case .replaced, .rotated, .rotationGivenUp, .stopped: true
        case .resolveFailed, .resolveTimedOut, .connectFailed, .connectTimedOut, .tlsFailed, .tlsTimedOut,
            .upgradeRefused, .upgradeTimedOut, .closedByPeer, .connectionLost, .pongTimedOut, .frameTooLarge,
            .messageTooLarge, .invalidUTF8, .invalidCompression, .protocolViolation:
            false
        }
    }
}
