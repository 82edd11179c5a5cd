/// Takes a chunked body apart (RFC 9112 section 7.1), however its bytes are cut into reads.
///
/// Chunk extensions are skipped, trailers are dropped; both are bounded.
struct ChunkedDecoder {
    private enum State {
        case size(value: Int, digits: Int)
        case sizeExtension(value: Int)
        case sizeLineFeed(value: Int)
        case data(left: Int)
        case dataCarriageReturn
        case dataLineFeed
        case trailerStart
        case trailer
        case trailerLineFeed
        case done
    }

    private var state = State.size(value: 0, digits: 0)
    private var overhead = 0
    /// Extensions of one chunk, or all trailers, in bytes.
    private static let overheadLimit = 16_384

    var isDone: Bool {
        if case .done = self.state { return true }
        return false
    }

    /// Decodes `bytes`, hands over pieces of the body, and answers how many bytes belonged to this body.
    mutating func decode<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, body: (UnsafeRawBufferPointer) throws(Failure) -> Void,
        malformed: (HTTPParseError) -> Failure
    ) throws(Failure) -> Int {
        var index = 0
        while index < bytes.count {
            if case .done = self.state { return index }
            if case .data(let left) = self.state {
                let count = min(left, bytes.count - index)
                try body(UnsafeRawBufferPointer(rebasing: bytes[index..<index + count]))
                index += count
                self.state = count == left ? .dataCarriageReturn : .data(left: left - count)
                continue
            }
            guard self.step(bytes[index]) else { throw malformed(.malformed("chunked body")) }
            index += 1
        }
        return index
    }

    /// Takes one byte of framing; false if it may not stand here.
    private mutating func step(_ byte: UInt8) -> Bool {
        switch self.state {
        case .size(let value, let digits):
            return self.sizeByte(byte, value: value, digits: digits)
        case .sizeExtension(let value):
            self.overhead += 1
            if byte == UInt8(ascii: "\n") {
                self.sizeEnded(value)
            }
            return self.overhead <= Self.overheadLimit
        case .sizeLineFeed(let value):
            guard byte == UInt8(ascii: "\n") else { return false }
            self.sizeEnded(value)
        case .data, .done:
            return false
        case .dataCarriageReturn:
            if byte == UInt8(ascii: "\n") {
                self.state = .size(value: 0, digits: 0)
                return true
            }
            guard byte == UInt8(ascii: "\r") else { return false }
            self.state = .dataLineFeed
        case .dataLineFeed:
            guard byte == UInt8(ascii: "\n") else { return false }
            self.state = .size(value: 0, digits: 0)
        case .trailerStart:
            switch byte {
            case UInt8(ascii: "\r"): self.state = .trailerLineFeed
            case UInt8(ascii: "\n"): self.state = .done
            default: self.state = .trailer
            }
        case .trailer:
            self.overhead += 1
            if byte == UInt8(ascii: "\n") { self.state = .trailerStart }
            return self.overhead <= Self.overheadLimit
        case .trailerLineFeed:
            guard byte == UInt8(ascii: "\n") else { return false }
            self.state = .done
        }
        return true
    }

    private mutating func sizeByte(_ byte: UInt8, value: Int, digits: Int) -> Bool {
        if let digit = hexValue(byte) {
            // 15 hex digits fit an Int with room to spare.
            guard digits < 15 else { return false }
            self.state = .size(value: value << 4 | Int(digit), digits: digits + 1)
            return true
        }
        guard digits > 0 else { return false }
        switch byte {
        case UInt8(ascii: "\r"):
            self.state = .sizeLineFeed(value: value)
        case UInt8(ascii: "\n"):
            self.sizeEnded(value)
        case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
            self.overhead = 0
            self.state = .sizeExtension(value: value)
        default:
            return false
        }
        return true
    }

    private mutating func sizeEnded(_ value: Int) {
        self.overhead = 0
        self.state = value == 0 ? .trailerStart : .data(left: value)
    }
}
