internal import CLibwebsockets

/// A frame's kind (RFC 6455 section 11.8).
enum WebSocketOpcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { self.rawValue >= 8 }
}

/// A rule of RFC 6455 that a client broke, with the close code that says so.
struct WebSocketViolation: Error, Equatable {
    let closeCode: Int
}

/// One frame of a client, unmasked in place.
struct WebSocketFrame {
    let opcode: WebSocketOpcode
    let isFinal: Bool
    /// Where the payload lies in the bytes given.
    let payload: Range<Int>

    /// Takes the first frame out of `bytes`; nil until it is whole.
    ///
    /// - Parameter payloadLimit: A longer payload is refused with 1009 as soon as its length is known.
    /// - Throws: 1002 for reserved bits, unknown kinds, unmasked payload and bad control frames; 1009.
    static func parse(
        _ bytes: UnsafeMutableRawBufferPointer, payloadLimit: Int
    ) throws(WebSocketViolation) -> WebSocketFrame? {
        guard bytes.count >= 2 else { return nil }
        guard bytes[0] & 0x70 == 0, let opcode = WebSocketOpcode(rawValue: bytes[0] & 0x0F), bytes[1] & 0x80 != 0 else {
            throw WebSocketViolation(closeCode: 1002)
        }
        let isFinal = bytes[0] & 0x80 != 0
        let short = Int(bytes[1] & 0x7F)
        if opcode.isControl, !isFinal || short > 125 { throw WebSocketViolation(closeCode: 1002) }
        let lengthBytes = short < 126 ? 0 : short == 126 ? 2 : 8
        guard bytes.count >= 2 + lengthBytes else { return nil }
        let length = lengthBytes == 0 ? UInt64(short) : bytes[2..<2 + lengthBytes].reduce(0) { $0 << 8 | UInt64($1) }
        guard let count = Int(exactly: length), count <= payloadLimit else { throw WebSocketViolation(closeCode: 1009) }
        let start = 2 + lengthBytes + 4
        guard bytes.count >= start, bytes.count - start >= count else { return nil }
        let mask = (bytes[start - 4], bytes[start - 3], bytes[start - 2], bytes[start - 1])
        for index in 0..<count {
            let key =
                switch index & 3 {
                case 0: mask.0
                case 1: mask.1
                case 2: mask.2
                default: mask.3
                }
            bytes[start + index] ^= key
        }
        return WebSocketFrame(opcode: opcode, isFinal: isFinal, payload: start..<start + count)
    }

    /// The header in front of an unmasked payload, as servers send it.
    static func header(_ opcode: WebSocketOpcode, isFinal: Bool = true, count: Int) -> (bytes: InlineHeader, count: Int)
    {
        var header = InlineHeader()
        header.bytes.0 = opcode.rawValue | (isFinal ? 0x80 : 0)
        switch count {
        case ..<126:
            header.bytes.1 = UInt8(count)
            return (header, 2)
        case ..<65_536:
            header.bytes.1 = 126
            header.bytes.2 = UInt8(truncatingIfNeeded: count >> 8)
            header.bytes.3 = UInt8(truncatingIfNeeded: count)
            return (header, 4)
        default:
            header.bytes.1 = 127
            withUnsafeMutableBytes(of: &header.bytes) { bytes in
                for index in 0..<8 { bytes[2 + index] = UInt8(truncatingIfNeeded: count >> (8 * (7 - index))) }
            }
            return (header, 10)
        }
    }

    /// Room for the longest header, without an allocation.
    struct InlineHeader {
        typealias Bytes = (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8)
        var bytes: Bytes = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    }
}

/// The answer to a client's `Sec-WebSocket-Key` (RFC 6455 section 4.2.2); nil if that is no key.
func webSocketAccept(key: String) -> String? {
    guard key.utf8.count == 24 else { return nil }
    var digest = [UInt8](repeating: 0, count: 20)
    let input = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    lws_SHA1(input, input.count, &digest)
    var text = [CChar](repeating: 0, count: 32)
    let count = digest.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { lws_b64_encode_string($0.baseAddress, 20, &text, 32) }
    }
    guard count == 28 else { return nil }
    return String(decoding: text[..<28].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Feeds arbitrary bytes to the frame parser until it wants more or refuses them, for libFuzzer and tests.
///
/// - Returns: The frames taken.
package func fuzzWebSocketFrames(_ bytes: UnsafeRawBufferPointer) -> Int {
    var copy = ByteQueue()
    copy.append(bytes)
    var frames = 0
    copy.consume { all in
        var used = 0
        do throws(WebSocketViolation) {
            while let frame = try WebSocketFrame.parse(
                UnsafeMutableRawBufferPointer(rebasing: all[used...]), payloadLimit: 65_536)
            {
                frames += 1
                used += frame.payload.upperBound
            }
        } catch {
            return all.count
        }
        return used
    }
    return frames
}
