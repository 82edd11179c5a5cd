internal import CLibwebsockets

/// Text messages waiting for a socket to be writable, bounded in number and bytes.
struct SendQueue {
    /// One message with the headroom that the library writes its frame header into.
    struct Message {
        private(set) var buffer: [UInt8]

        init(text: String) {
            self.buffer = [UInt8](repeating: 0, count: CLWS_PRE)
            self.buffer.append(contentsOf: text.utf8)
        }

        var payloadCount: Int { self.buffer.count - CLWS_PRE }

        /// Hands the message to the library, which sends what it can and keeps a copy of the rest.
        mutating func write(to wsi: OpaquePointer, as kind: lws_write_protocol) -> Bool {
            let count = self.payloadCount
            return self.buffer.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return false }
                return lws_write(wsi, base + CLWS_PRE, count, kind) >= count
            }
        }
    }

    private let countLimit: Int
    private let byteLimit: Int
    private var messages: [Message] = []
    private var head = 0

    /// Payload bytes waiting.
    private(set) var bytes = 0

    init(countLimit: Int, byteLimit: Int) {
        self.countLimit = countLimit
        self.byteLimit = byteLimit
    }

    var count: Int { self.messages.count - self.head }
    var isEmpty: Bool { self.count == 0 }

    /// Adds a message; `false` when it does not fit.
    mutating func append(_ text: String) -> Bool {
        let size = text.utf8.count
        guard self.count < self.countLimit, size <= self.byteLimit - self.bytes else { return false }
        self.messages.append(Message(text: text))
        self.bytes += size
        return true
    }

    mutating func popFirst() -> Message? {
        guard self.head < self.messages.count else { return nil }
        let message = self.messages[self.head]
        self.bytes -= message.payloadCount
        self.head += 1
        if self.head == self.messages.count {
            self.messages.removeAll(keepingCapacity: self.messages.capacity <= 64)
            self.head = 0
        }
        return message
    }
}
