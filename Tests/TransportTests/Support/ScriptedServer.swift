import Glibc
import Synchronization

/// A listener on loopback that runs one script, on a thread each, for every connection it takes.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (_ socket: RawSocket, _ number: Int) -> Void

    private let listener: RawSocket
    private let accepted = Atomic<Int>(0)
    private let open = Mutex<[Int: RawSocket]>([:])
    private let script: Script

    /// What the system picked.
    let port: UInt16

    init(_ script: @escaping Script) {
        self.listener = .listening()
        self.port = self.listener.port
        self.script = script
        Self.thread { [self] in
            while let socket = self.listener.accepted() {
                let number = self.accepted.wrappingAdd(1, ordering: .relaxed).newValue
                self.open.withLock { $0[number] = socket }
                Self.thread {
                    self.script(socket, number)
                    self.open.withLock { $0[number] = nil }
                }
            }
        }
    }

    var connections: Int { self.accepted.load(ordering: .relaxed) }

    /// Ends the listener and every connection.
    func stop() {
        self.listener.shutdownBoth()
        for socket in self.open.withLock({ Array($0.values) }) { socket.shutdownBoth() }
    }

    static func thread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}

/// The server's side of a WebSocket, by hand.
struct ServerWebSocket {
    let socket: RawSocket

    struct Received: Equatable {
        var opcode: UInt8
        var payload: [UInt8]
        var text: String { String(decoding: self.payload, as: UTF8.self) }
    }

    /// Answers the upgrade; `nil` when none came.
    init?(_ socket: RawSocket, extensions: String? = nil) {
        guard let head = socket.readHead(), let key = Self.header("Sec-WebSocket-Key", in: head) else { return nil }
        var answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        answer += "Sec-WebSocket-Accept: \(SHA1.webSocketAccept(key: key))\r\n"
        if let extensions { answer += "Sec-WebSocket-Extensions: \(extensions)\r\n" }
        guard socket.write(Array((answer + "\r\n").utf8)) else { return nil }
        self.socket = socket
    }

    static func header(_ name: String, in head: String) -> String? {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name.lowercased() + ":") {
            return line.dropFirst(name.count + 1).drop { $0 == " " }.description
        }
        return nil
    }

    static func frame(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true, rsv1: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = [(final ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode]
        switch payload.count {
        case ...125: bytes.append(UInt8(payload.count))
        case ...65535: bytes += [126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        return bytes + payload
    }

    @discardableResult
    func text(_ text: String) -> Bool { self.socket.write(Self.frame(1, Array(text.utf8))) }

    /// The next frame, unmasked.
    func receive() -> Received? {
        guard let head = self.socket.read(2) else { return nil }
        var length = Int(head[1] & 0x7F)
        if length >= 126 {
            guard let more = self.socket.read(length == 126 ? 2 : 8) else { return nil }
            length = more.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let mask = self.socket.read(4), let masked = length == 0 ? [] : self.socket.read(length) else {
            return nil
        }
        return Received(
            opcode: head[0] & 15, payload: masked.enumerated().map { $0.element ^ mask[$0.offset & 3] })
    }

    /// Echoes texts and answers closes until the end.
    func echo() {
        while let received = self.receive() {
            guard self.socket.write(Self.frame(received.opcode, received.payload)), received.opcode != 8 else { return }
        }
    }

    /// Waits for the client's close, answers it, and says what code it had.
    func awaitClose() -> UInt16? {
        while let received = self.receive() {
            guard received.opcode == 8 else { continue }
            self.socket.write(Self.frame(8, received.payload))
            return received.payload.count >= 2 ? UInt16(received.payload[0]) << 8 | UInt16(received.payload[1]) : 0
        }
        return nil
    }
}
