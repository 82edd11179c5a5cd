/// The address of a NATS server, `nats://127.0.0.1:4222` or `tls://nats.example.com`, without credentials.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    package static let defaultPort: UInt16 = 4222

    package let isEncrypted: Bool
    package let address: HostPort

    /// An address and what stood in front of its `@`.
    struct Parsed {
        let server: ServerAddress
        let user: String?
        let password: Secret?
    }

    package init(isEncrypted: Bool = false, address: HostPort) {
        self.isEncrypted = isEncrypted
        self.address = address
    }

    /// Parses an address, its scheme and port optional; nil for anything else.
    static func parse(_ text: String) -> Parsed? {
        var rest = text[...]
        var isEncrypted = false
        if rest.hasPrefix("nats://") {
            rest = rest.dropFirst(7)
        } else if rest.hasPrefix("tls://") {
            rest = rest.dropFirst(6)
            isEncrypted = true
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        var user: String?
        var password: Secret?
        if let mark = rest.lastIndex(of: "@") {
            let credentials = rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            guard let colon = credentials.firstIndex(of: ":") else { return nil }
            user = String(credentials[..<colon])
            password = Secret(String(credentials[credentials.index(after: colon)...]))
            guard user?.isEmpty == false, password?.revealed.isEmpty == false else { return nil }
        }
        let hasPort = rest.hasPrefix("[") ? !rest.hasSuffix("]") : rest.contains(":")
        let whole = hasPort ? String(rest) : "\(rest):\(Self.defaultPort)"
        guard let address = HostPort(text: whole), address.port != 0 else { return nil }
        return Parsed(
            server: ServerAddress(isEncrypted: isEncrypted, address: address), user: user, password: password)
    }

    /// As the client library takes it.
    package var description: String {
        "\(self.isEncrypted ? "tls" : "nats")://\(self.address)"
    }
}
