import Glibc

/// A blocking TCP socket on loopback, closed with its owner; reads give up after ten seconds.
final class RawSocket: @unchecked Sendable {
    // Safe: one thread uses it at a time, and `shutdown` is allowed from any.
    let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(self.descriptor) }

    /// Listens on a port that the system picks.
    static func listening() -> RawSocket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        listen(descriptor, 512)
        return RawSocket(descriptor: descriptor)
    }

    static func connected(port: UInt16) -> RawSocket? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: port)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let socket = RawSocket(descriptor: descriptor)
        return code == 0 ? socket : nil
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(self.descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The next connection; `nil` once the listener is shut down.
    func accepted() -> RawSocket? {
        while true {
            let descriptor = accept(self.descriptor, nil, nil)
            if descriptor >= 0 { return RawSocket(descriptor: descriptor) }
            if errno == EAGAIN || errno == EINTR { continue }
            return nil
        }
    }

    func shutdownBoth() { _ = shutdown(self.descriptor, Int32(SHUT_RDWR)) }

    /// Makes the close a reset.
    func lingerZero() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(self.descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Exactly `count` bytes; `nil` at the end or after the patience.
    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { recv(self.descriptor, $0.baseAddress! + have, count - have, 0) }
            if got <= 0 { return nil }
            have += got
        }
        return bytes
    }

    /// What is there, at most 64 KiB.
    func readSome() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let got = bytes.withUnsafeMutableBytes { recv(self.descriptor, $0.baseAddress!, 65536, 0) }
        return got > 0 ? Array(bytes[..<got]) : nil
    }

    /// An HTTP head, without what may follow it.
    func readHead() -> String? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard bytes.count < 65536, let next = self.read(1) else { return nil }
            bytes += next
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
