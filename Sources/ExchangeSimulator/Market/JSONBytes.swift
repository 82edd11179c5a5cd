/// Writing JSON text straight into bytes that are used again and again.
extension [UInt8] {
    @inline(__always)
    mutating func write(_ text: StaticString) {
        self.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ text: String) {
        self.append(contentsOf: text.utf8)
    }

    mutating func write(_ value: some FixedWidthInteger) {
        if value < 0 { self.append(UInt8(ascii: "-")) }
        self.write(digitsOf: UInt64(value.magnitude), atLeast: 1)
    }

    /// Writes `units` of the last of `decimals` fraction digits, padded with zeros to `width` digits, in quotes.
    mutating func write(units: Int64, decimals: Int, width: Int = 0) {
        self.append(UInt8(ascii: "\""))
        self.writePlain(units: units, decimals: decimals, width: width)
        self.append(UInt8(ascii: "\""))
    }

    /// The same without quotation marks.
    mutating func writePlain(units: Int64, decimals: Int, width: Int = 0) {
        if units < 0 { self.append(UInt8(ascii: "-")) }
        self.write(digitsOf: units.magnitude, atLeast: decimals + 1)
        if decimals > 0 { self.insert(UInt8(ascii: "."), at: self.count - decimals) }
        if width > decimals {
            if decimals == 0 { self.append(UInt8(ascii: ".")) }
            self.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: width - decimals))
        }
    }

    /// Writes `units` of the last of `decimals` fraction digits without zeros at the end.
    ///
    /// - Parameter keepsPoint: Whether a whole number keeps `.0`.
    mutating func write(shortest units: Int64, decimals: Int, keepsPoint: Bool = false) {
        if units < 0 { self.append(UInt8(ascii: "-")) }
        self.write(digitsOf: units.magnitude, atLeast: decimals + 1)
        if decimals > 0 {
            self.insert(UInt8(ascii: "."), at: self.count - decimals)
            while self.last == UInt8(ascii: "0") { self.removeLast() }
            if self.last == UInt8(ascii: ".") { self.removeLast() } else { return }
        }
        if keepsPoint { self.write(".0") }
    }

    /// The same as a JSON string.
    mutating func write(shortestQuoted units: Int64, decimals: Int) {
        self.append(UInt8(ascii: "\""))
        self.write(shortest: units, decimals: decimals)
        self.append(UInt8(ascii: "\""))
    }

    /// Writes `text` as a JSON string, escaping what has to be.
    mutating func write(quoted text: String) {
        self.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.append(UInt8(ascii: "\\"))
                self.append(byte)
            case 0..<0x20: self.append(UInt8(ascii: "?"))
            default: self.append(byte)
            }
        }
        self.append(UInt8(ascii: "\""))
    }

    private mutating func write(digitsOf value: UInt64, atLeast digits: Int) {
        let start = self.count
        var rest = value
        repeat {
            self.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0 || self.count - start < digits
        self[start...].reverse()
    }
}
