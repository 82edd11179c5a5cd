/// Reads one line of a recording, `{"ts":…,"conn":"…","raw":"…"}`, unescaping its strings in place.
///
/// Keys may come in any order, others are passed over. An unescaped text is never longer than its escaped form, so it
/// is written over it.
struct RecordingLine {
    private(set) var receivedNanoseconds: Int64?
    private(set) var connection: Range<Int>?
    private(set) var raw: Range<Int>?
    /// Whether its direction is `sent`; recordings of what was received only do not tell one.
    private(set) var isSent = false

    private let bytes: UnsafeMutablePointer<UInt8>
    private let end: Int
    private var index: Int

    /// Takes the line at `range` of `bytes`.
    init(bytes: UnsafeMutablePointer<UInt8>, range: Range<Int>) {
        self.bytes = bytes
        self.index = range.lowerBound
        self.end = range.upperBound
    }

    /// Reads the whole line; `false` where it is not such an object.
    mutating func parse() -> Bool {
        guard self.take(UInt8(ascii: "{")) else { return false }
        repeat {
            guard let key = self.string(), self.take(UInt8(ascii: ":")), self.value(of: key) else { return false }
        } while self.take(UInt8(ascii: ","))
        return self.take(UInt8(ascii: "}")) && self.peek() == nil
    }

    private mutating func value(of key: Range<Int>) -> Bool {
        if self.matches(key, "raw") {
            self.raw = self.string()
            return self.raw != nil
        }
        if self.matches(key, "ts") {
            self.receivedNanoseconds = self.integer()
            return self.receivedNanoseconds != nil
        }
        if self.matches(key, "conn") {
            self.connection = self.string()
            return self.connection != nil
        }
        if self.matches(key, "direction") {
            guard let direction = self.string() else { return false }
            self.isSent = self.matches(direction, "sent")
            return true
        }
        return self.skip()
    }

    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where self.bytes[range.lowerBound + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private mutating func peek() -> UInt8? {
        while self.index < self.end {
            if self.bytes[self.index] > 0x20 { return self.bytes[self.index] }
            self.index &+= 1
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.peek() == byte else { return false }
        self.index &+= 1
        return true
    }

    private mutating func integer() -> Int64? {
        guard self.peek() != nil else { return nil }
        var value: Int64 = 0
        let start = self.index
        while self.index < self.end {
            let digit = self.bytes[self.index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int64(digit)
            self.index &+= 1
        }
        return (1...18).contains(self.index - start) || (self.index - start == 19 && value > 0) ? value : nil
    }

    private mutating func string() -> Range<Int>? {
        guard self.take(UInt8(ascii: "\"")) else { return nil }
        let start = self.index
        let bytes = self.bytes
        let end = self.end
        var read = start
        while read < end, bytes[read] != UInt8(ascii: "\""), bytes[read] != UInt8(ascii: "\\") { read &+= 1 }
        var write = read
        while read < end {
            let byte = bytes[read]
            if byte == UInt8(ascii: "\"") {
                self.index = read &+ 1
                return start..<write
            }
            if byte != UInt8(ascii: "\\") {
                bytes[write] = byte
                read &+= 1
                write &+= 1
                continue
            }
            guard read &+ 1 < end else { return nil }
            let escaped = bytes[read &+ 1]
            read &+= 2
            // Nearly every escape of a recorded frame.
            if escaped == UInt8(ascii: "\"") {
                bytes[write] = escaped
                write &+= 1
                continue
            }
            guard self.unescape(escaped, read: &read, write: &write) else { return nil }
        }
        return nil
    }

    private func unescape(_ escaped: UInt8, read: inout Int, write: inout Int) -> Bool {
        switch escaped {
        case UInt8(ascii: "\\"), UInt8(ascii: "/"): self.bytes[write] = escaped
        case UInt8(ascii: "n"): self.bytes[write] = 0x0A
        case UInt8(ascii: "t"): self.bytes[write] = 0x09
        case UInt8(ascii: "r"): self.bytes[write] = 0x0D
        case UInt8(ascii: "b"): self.bytes[write] = 0x08
        case UInt8(ascii: "f"): self.bytes[write] = 0x0C
        case UInt8(ascii: "u"):
            guard let scalar = self.scalar(read: &read) else { return false }
            for unit in scalar.utf8 {
                self.bytes[write] = unit
                write &+= 1
            }
            return true
        default: return false
        }
        write &+= 1
        return true
    }

    /// Reads the digits after `\u`, and the second half of a surrogate pair with them.
    private func scalar(read: inout Int) -> Unicode.Scalar? {
        guard let first = self.hexadecimal(read: &read) else { return nil }
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        guard read &+ 1 < self.end, self.bytes[read] == UInt8(ascii: "\\"), self.bytes[read &+ 1] == UInt8(ascii: "u")
        else { return nil }
        read &+= 2
        guard let second = self.hexadecimal(read: &read), second & 0xFC00 == 0xDC00 else { return nil }
        return Unicode.Scalar(0x10000 + ((first & 0x3FF) << 10 | second & 0x3FF))
    }

    private func hexadecimal(read: inout Int) -> UInt32? {
        guard read &+ 4 <= self.end else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = self.bytes[read]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte &- 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte &- 87)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte &- 55)
            default: return nil
            }
            read &+= 1
        }
        return value
    }

    /// Passes a value of any kind, looking only at strings and brackets.
    private mutating func skip() -> Bool {
        var depth = 0
        repeat {
            guard let byte = self.peek() else { return false }
            switch byte {
            case UInt8(ascii: "\""):
                guard self.string() != nil else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                self.index &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return false }
                depth -= 1
                self.index &+= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { return false }
                self.index &+= 1
            default:
                guard self.skipScalar() else { return false }
            }
        } while depth > 0
        return true
    }

    private mutating func skipScalar() -> Bool {
        let start = self.index
        while self.index < self.end {
            switch self.bytes[self.index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
                UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
                self.index &+= 1
            default: return self.index > start
            }
        }
        return self.index > start
    }
}
