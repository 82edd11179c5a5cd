import Foundation
import Glibc

/// A plain blocking client socket with a deadline on every call, independent of the project's own clients.
final class BlockingSocket {
    struct Closed: Error {}

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: self.body, as: UTF8.self) }

        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(self.body)) as? [String: Any] ?? [:]
        }
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Pings that the server sent; each is answered.
    private(set) var pings = 0
    var answersPings = true

    init(port: Int, timeoutSeconds: Int = 5) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Closed() }
    }

    deinit {
        close(self.descriptor)
    }

    static func request(
        _ method: String = "GET", _ target: String, port: Int, headers: [String: String] = [:]
    ) throws -> Answer {
        let socket = try BlockingSocket(port: port)
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        try socket.write(
            Array(
                "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(lines)Connection: close\r\n\r\n".utf8))
        return try socket.readAnswer()
    }

    /// Opens a WebSocket; throws when it is refused.
    static func webSocket(_ target: String, port: Int) throws -> BlockingSocket {
        let socket = try BlockingSocket(port: port)
        try socket.write(
            Array(
                """
                GET \(target) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n
                """.utf8))
        let head = try socket.readHead()
        guard head.hasPrefix("HTTP/1.1 101") else { throw Closed() }
        return socket
    }

    func send(text: String) throws {
        try self.sendFrame(opcode: 1, Array(text.utf8))
    }

    /// The next text message; answers pings on the way.
    func message() throws -> String {
        String(decoding: try self.messageBytes(), as: UTF8.self)
    }

    func messageBytes() throws -> [UInt8] {
        while true {
            try self.need(2)
            let opcode = self.buffer[0] & 0x0F
            var length = Int(self.buffer[1] & 0x7F)
            var header = 2
            if length >= 126 {
                header = length == 126 ? 4 : 10
                try self.need(header)
                length = self.buffer[2..<header].reduce(0) { $0 << 8 | Int($1) }
            }
            guard length <= 16 * 1024 * 1024 else { throw Closed() }
            try self.need(header + length)
            let payload = Array(self.buffer[header..<header + length])
            self.buffer.removeFirst(header + length)
            switch opcode {
            case 1: return payload
            case 8: throw Closed()
            case 9:
                self.pings += 1
                if self.answersPings { try self.sendFrame(opcode: 10, payload) }
            default: break
            }
        }
    }

    private func sendFrame(opcode: UInt8, _ payload: [UInt8]) throws {
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else if payload.count < 65_536 {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        } else {
            frame += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index % 4]) }
        try self.write(frame)
    }

    private func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            rest = rest.dropFirst(count)
        }
    }

    private func need(_ count: Int) throws {
        while self.buffer.count < count { try self.fill() }
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(self.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw Closed() }
        self.buffer.append(contentsOf: chunk[..<count])
    }

    private func readHead() throws -> String {
        while true {
            if let end = String(decoding: self.buffer, as: UTF8.self).range(of: "\r\n\r\n") {
                let head = String(String(decoding: self.buffer, as: UTF8.self)[..<end.lowerBound])
                self.buffer.removeFirst(head.utf8.count + 4)
                return head
            }
            try self.fill()
        }
    }

    private func readAnswer() throws -> Answer {
        let lines = try self.readHead().components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        try self.need(length)
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, headers: headers, body: Array(self.buffer[..<length]))
    }
}
