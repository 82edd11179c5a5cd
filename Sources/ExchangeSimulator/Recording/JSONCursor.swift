/// Reads what playing a recording needs out of JSON text; every failure is a `nil`.
struct JSONCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func take(_ byte: UInt8) -> Bool {
        while self.index < self.bytes.count, self.bytes[self.index] <= 0x20 { self.index += 1 }
        guard self.index < self.bytes.count, self.bytes[self.index] == byte else { return false }
        self.index += 1
        return true
    }

    /// The run between two quotes, escapes as they stand.
    mutating func string() -> UnsafeRawBufferPointer? {
        guard self.take(UInt8(ascii: "\"")) else { return nil }
        let start = self.index
        while self.index < self.bytes.count {
            switch self.bytes[self.index] {
            case UInt8(ascii: "\""):
                self.index += 1
                return UnsafeRawBufferPointer(rebasing: self.bytes[start..<self.index - 1])
            case UInt8(ascii: "\\"): self.index += 2
            default: self.index += 1
            }
        }
        return nil
    }

    mutating func text() -> String? {
        self.string().map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func unsigned() -> UInt64? {
        _ = self.take(0)  // passes white space
        let start = self.index
        var value: UInt64 = 0
        while self.index < self.bytes.count {
            let digit = self.bytes[self.index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ UInt64(digit)
            self.index += 1
        }
        return (1...19).contains(self.index - start) ? value : nil
    }

    /// Passes any value; `false` where it is cut off.
    mutating func skip() -> Bool {
        var depth = 0
        repeat {
            _ = self.take(0)
            guard self.index < self.bytes.count else { return false }
            switch self.bytes[self.index] {
            case UInt8(ascii: "\""):
                guard self.string() != nil else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                self.index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return false }
                depth -= 1
                self.index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { return false }
                self.index += 1
            default: self.skipScalar()
            }
        } while depth > 0
        return true
    }

    private mutating func skipScalar() {
        repeat {
            self.index += 1
        } while self.index < self.bytes.count && !",:]}[{\" ".utf8.contains(self.bytes[self.index])
    }

    /// Reads `[["price","size"],…]`, both in units of the eighth fraction digit.
    mutating func levels() -> [BookLevel]? {
        guard self.take(UInt8(ascii: "[")) else { return nil }
        var levels: [BookLevel] = []
        if self.take(UInt8(ascii: "]")) { return levels }
        repeat {
            guard self.take(UInt8(ascii: "[")), let price = self.string().flatMap(Self.eighths),
                self.take(UInt8(ascii: ",")), let size = self.string().flatMap(Self.eighths),
                self.take(UInt8(ascii: "]"))
            else { return nil }
            levels.append(BookLevel(price: price, size: size))
        } while self.take(UInt8(ascii: ","))
        return self.take(UInt8(ascii: "]")) ? levels : nil
    }

    /// Reads a decimal exactly as units of the eighth fraction digit; `nil` where it needs more or is too large.
    static func eighths(_ text: UnsafeRawBufferPointer) -> Int64? {
        var value: Int64 = 0
        var fraction: Int?
        for byte in text {
            if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
                continue
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            if let digits = fraction {
                if digits >= 8 {
                    guard digit == 0 else { return nil }
                    continue
                }
                fraction = digits + 1
            }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = scaled.addingReportingOverflow(Int64(digit))
            guard !overflow, !overflow2 else { return nil }
            value = sum
        }
        for _ in (fraction ?? 0)..<8 {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = scaled
        }
        return text.isEmpty ? nil : value
    }
}
