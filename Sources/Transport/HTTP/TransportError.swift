/// Why a part of the transport could not be set up.
package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// Another socket listens on the address and port.
        case addressInUse
        /// The address cannot be used here: no such interface, no permission, or no address at all.
        case addressRefused
        /// A certificate, key or CA file cannot be used.
        case certificate
        /// The loop does not run, or its mailbox is full.
        case loopUnavailable
        /// The system has no descriptors or memory left.
        case exhausted
        /// Started twice, or used after its end.
        case misused
    }

    package let kind: Kind
    package let context: String

    package var description: String { "\(self.kind): \(self.context)" }

    init(_ kind: Kind, _ context: String) {
        self.kind = kind
        self.context = context
    }
}
