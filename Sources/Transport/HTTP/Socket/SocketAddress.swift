internal import Glibc

/// An IPv4 or IPv6 address with its port, as the system takes it.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t

    /// Parses a literal address; nil for a name.
    init?(literal: String, port: Int) {
        guard let port = UInt16(exactly: port) else { return nil }
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, literal, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            self.length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &self.storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, literal, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            self.length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &self.storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
        } else {
            return nil
        }
    }

    private init() {
        self.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    }

    var family: Int32 { Int32(self.storage.ss_family) }

    /// The port, in the host's byte order.
    var port: Int {
        withUnsafeBytes(of: self.storage) { bytes in
            // Both families keep the port in bytes 2 and 3.
            Int(bytes[2]) << 8 | Int(bytes[3])
        }
    }

    /// The address without its port.
    var text: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            withUnsafeBytes(of: self.storage) { bytes in
                let offset = self.family == AF_INET ? 4 : 8
                guard let source = bytes.baseAddress, let target = buffer.baseAddress,
                    inet_ntop(self.family, source + offset, target, socklen_t(buffer.count)) != nil
                else { return "?" }
                return String(cString: target)
            }
        }
    }

    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, self.length) }
        }
    }

    /// Lets a system call fill in an address.
    static func filled(by body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32)
        -> (result: Int32, address: SocketAddress)
    {
        var address = SocketAddress()
        var length = address.length
        let result = withUnsafeMutablePointer(to: &address.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
        address.length = length
        return (result, address)
    }
}

/// Answers whether `host` is an IPv4 or IPv6 address rather than a name.
func isAddressLiteral(_ host: String) -> Bool {
    SocketAddress(literal: host, port: 0) != nil
}
