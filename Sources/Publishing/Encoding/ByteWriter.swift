package import MarketModel

/// Writes text into memory that was reserved large enough beforehand.
///
/// Whoever makes a writer vouches for the room; `close` checks it once a message, not once a byte.
package struct ByteWriter: ~Copyable {
    private let start: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var end: UnsafeMutablePointer<UInt8>

    package init(_ memory: UnsafeMutableRawBufferPointer) {
        let base = memory.assumingMemoryBound(to: UInt8.self)
        self.start = base.baseAddress!
        self.capacity = base.count
        self.end = self.start
    }

    /// The bytes written so far.
    @inline(__always)
    package var count: Int { self.end - self.start }

    /// Checks that the reservation held.
    @inline(__always)
    package func close() {
        precondition(self.count <= self.capacity, "a message longer than its reservation")
    }

    @inline(__always)
    package mutating func byte(_ byte: UInt8) {
        self.end.pointee = byte
        self.end += 1
    }

    @inline(__always)
    package mutating func text(_ text: StaticString) {
        self.end.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        self.end += text.utf8CodeUnitCount
    }

    /// Writes a word of our own, short enough that its text is no allocation.
    package mutating func token(_ token: String) {
        for byte in token.utf8 { self.byte(byte) }
    }

    @inline(__always)
    package mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(self.end).copyMemory(from: base, byteCount: bytes.count)
        self.end += bytes.count
    }

    @inline(__always)
    package mutating func unsigned(_ value: UInt64) {
        self.end += FixedPoint.writeDigits(value, to: self.end)
    }

    @inline(__always)
    package mutating func decimal(_ mantissa: Int64, scale: UInt8) {
        self.end += FixedPoint.write(mantissa, scale: scale, to: self.end)
    }

    /// Writes microseconds, or `null` where there is no time.
    @inline(__always)
    package mutating func time(_ time: Timestamp) {
        guard let microseconds = time.microseconds else {
            self.text("null")
            return
        }
        self.decimal(microseconds, scale: 0)
    }

    /// Writes a decimal in quotes.
    @inline(__always)
    package mutating func quoted(_ mantissa: Int64, scale: UInt8) {
        self.byte(UInt8(ascii: "\""))
        self.decimal(mantissa, scale: scale)
        self.byte(UInt8(ascii: "\""))
    }

    /// Writes a number of its own scale; nothing where there is none.
    @inline(__always)
    package mutating func decimal(_ value: DecimalValue) {
        if value.isGiven { self.decimal(value.mantissa, scale: value.scale) }
    }

    /// Writes a number of its own scale in quotes, or `null` where there is none.
    @inline(__always)
    package mutating func quoted(_ value: DecimalValue) {
        guard value.isGiven else {
            self.text("null")
            return
        }
        self.quoted(value.mantissa, scale: value.scale)
    }

    /// Writes a number that stands in a frame canonically and in quotes, or `null` where there is none.
    package mutating func quoted(_ parts: DecimalParts?, of frame: Span<UInt8>) {
        guard let parts else {
            self.text("null")
            return
        }
        self.byte(UInt8(ascii: "\""))
        self.end += parts.write(frame, to: self.end)
        self.byte(UInt8(ascii: "\""))
    }

    /// Writes a number that stands in a frame canonically; nothing where there is none.
    package mutating func decimal(_ parts: DecimalParts?, of frame: Span<UInt8>) {
        if let parts { self.end += parts.write(frame, to: self.end) }
    }

    /// Writes `[["price","size"],…]`.
    @inline(__always)
    package mutating func levels(_ levels: UnsafeBufferPointer<Level>, _ scales: DecimalScales) {
        self.byte(UInt8(ascii: "["))
        var isFirst = true
        for level in levels {
            if !isFirst { self.byte(UInt8(ascii: ",")) }
            isFirst = false
            self.text("[\"")
            self.decimal(level.price, scale: scales.price)
            self.text("\",\"")
            self.decimal(level.size, scale: scales.size)
            self.text("\"]")
        }
        self.byte(UInt8(ascii: "]"))
    }

    /// The most bytes one level takes in `levels`.
    package static let levelBytesMax = 2 * FixedPoint.textBytesMax + 8
}

/// JSON text of values that are made once, off the frame path.
package enum JSONLiteral {
    /// Gives a string in quotes, escaped.
    package static func string(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                out += "\\u"
                out += String(repeating: "0", count: 4 - hex.count)
                out += hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
        return out
    }

    /// Gives a string in quotes, or `null`.
    package static func optional(_ text: String?) -> String {
        guard let text else { return "null" }
        return Self.string(text)
    }

    package static func integer(_ value: Int64?) -> String {
        guard let value else { return "null" }
        return String(value)
    }
}
