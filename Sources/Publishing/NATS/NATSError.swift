import CNATS

/// What the NATS library, or the configuration given to it, made fail.
package struct NATSError: Error, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// Nobody answered in time, or the link broke: worth another try.
        case unreachable
        /// Credentials or permissions were refused: worth another try only because an operator may mend it.
        case unauthorized
        /// TLS could not be agreed on.
        case tls
        /// A wrong address, file or setting.
        case configuration
        /// The server has no JetStream, or not what was asked of it.
        case unsupported
        case other
    }

    package let kind: Kind
    /// What was being done.
    package let context: String
    /// The library's words.
    package let text: String

    package var description: String { "\(self.context): \(self.text)" }

    package init(kind: Kind, context: String, text: String) {
        self.kind = kind
        self.context = context
        self.text = text
    }

    init(_ status: natsStatus, _ context: String) {
        let name = natsStatus_GetText(status).map { String(cString: $0) } ?? "status \(status.rawValue)"
        let detail = nats_GetLastError(nil).map { String(cString: $0) } ?? ""
        self.init(
            kind: Self.kind(status), context: context,
            text: detail.isEmpty || detail == name ? name : "\(name): \(detail)")
    }

    private static func kind(_ status: natsStatus) -> Kind {
        switch status {
        case NATS_TIMEOUT, NATS_NO_SERVER, NATS_IO_ERROR, NATS_CONNECTION_CLOSED, NATS_CONNECTION_DISCONNECTED,
            NATS_STALE_CONNECTION:
            .unreachable
        case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED: .unauthorized
        case NATS_SSL_ERROR, NATS_SECURE_CONNECTION_WANTED, NATS_SECURE_CONNECTION_REQUIRED: .tls
        case NATS_INVALID_ARG, NATS_ADDRESS_MISSING, NATS_INVALID_SUBJECT: .configuration
        case NATS_NO_SERVER_SUPPORT, NATS_NO_RESPONDERS: .unsupported
        default: .other
        }
    }
}

/// Throws unless `status` is OK.
func check(_ status: natsStatus, _ context: @autoclosure () -> String) throws(NATSError) {
    if status != NATS_OK { throw NATSError(status, context()) }
}
