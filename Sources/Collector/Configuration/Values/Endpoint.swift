import Foundation

/// The base address of a venue's service, `wss://fstream.binance.com` or `http://127.0.0.1:8100`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Hashable, Sendable, CaseIterable {
        case wss, ws, https, http

        package var isEncrypted: Bool { self == .wss || self == .https }
        var defaultPort: UInt16 { self.isEncrypted ? 443 : 80 }
    }

    package let scheme: Scheme
    package let address: HostPort
    /// Put in front of every path: empty, or `/prefix` without a slash at its end.
    package let path: String

    package init(scheme: Scheme, address: HostPort, path: String = "") {
        self.scheme = scheme
        self.address = address
        self.path = path
    }

    /// Parses an address of one of `schemes`; nil with a user, a query, or anything that is no address.
    package init?(text: String, schemes: [Scheme]) {
        guard let separator = text.range(of: "://") else { return nil }
        guard let scheme = Scheme(rawValue: String(text[..<separator.lowerBound])), schemes.contains(scheme) else {
            return nil
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path = path.dropLast() }
        let isPlain = path.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x3f && $0 != 0x23 }
        guard isPlain, !authority.contains("@") else { return nil }
        if let address = HostPort(text: String(authority)), address.port != 0 {
            self.init(scheme: scheme, address: address, path: String(path))
        } else if !authority.hasPrefix("["), !authority.contains(":"), let host = HostPort.host(of: authority) {
            self.init(scheme: scheme, address: HostPort(host: host, port: scheme.defaultPort), path: String(path))
        } else if authority.hasSuffix("]"), let host = HostPort.host(of: authority) {
            self.init(scheme: scheme, address: HostPort(host: host, port: scheme.defaultPort), path: String(path))
        } else {
            return nil
        }
    }

    /// Without the port where it is the scheme's own.
    package var description: String {
        var authority = self.address.description
        if self.address.port == self.scheme.defaultPort, let colon = authority.lastIndex(of: ":") {
            authority = String(authority[..<colon])
        }
        return "\(self.scheme.rawValue)://\(authority)\(self.path)"
    }
}
