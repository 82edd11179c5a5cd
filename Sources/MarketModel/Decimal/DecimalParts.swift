/// Where the parts of a decimal number's text stand: JSON's form, zeros in front allowed.
///
/// It holds numbers of any length: what a venue writes is published in its own digits.
public struct DecimalParts: Sendable {
    public let isNegative: Bool
    /// From the first digit that is not zero to the last, a point between them included; empty for zero.
    public let significant: Range<Int>
    /// The power of ten that the last significant digit stands for.
    public let lastExponent: Int

    /// The largest exponent that is followed: what goes past it is no price, size or rate.
    private static let exponentMax = 64

    /// Reads the number that is the whole of `range`; nil for what is none.
    public init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        var index = range.lowerBound
        let end = range.upperBound
        self.isNegative = index < end && bytes[index] == UInt8(ascii: "-")
        if self.isNegative { index += 1 }
        var digits = 0
        var point: Int?
        var first: Int?
        var last = index
        while index < end {
            let byte = bytes[index]
            if byte &- 48 <= 9 {
                digits += 1
                if byte != 48 {
                    if first == nil { first = index }
                    last = index
                }
            } else if byte == UInt8(ascii: "."), point == nil, digits > 0 {
                point = index
            } else {
                break
            }
            index += 1
        }
        let mantissaEnd = index
        guard digits > 0, point.map({ $0 < mantissaEnd - 1 }) ?? true else { return nil }
        var exponent = 0
        if index < end {
            guard let told = Self.exponent(bytes, index..<end) else { return nil }
            exponent = told
        }
        guard let first else {
            self.significant = range.lowerBound..<range.lowerBound
            self.lastExponent = 0
            return
        }
        self.significant = first..<(last + 1)
        let unit = point ?? mantissaEnd
        // Behind the point, the first digit stands for a tenth.
        self.lastExponent = exponent + (last < unit ? unit - 1 - last : unit - last)
    }

    /// Reads `e-7`, `E+05`.
    private static func exponent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound
        guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return nil }
        index += 1
        var isNegative = false
        if index < range.upperBound, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        guard index < range.upperBound else { return nil }
        var value = 0
        while index < range.upperBound {
            let digit = bytes[index] &- 48
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
            guard value <= Self.exponentMax else { return nil }
            index += 1
        }
        return isNegative ? -value : value
    }

    /// The most bytes that canonical text of a number of `count` bytes takes.
    public static func textMax(_ count: Int) -> Int { count + Self.exponentMax + 3 }

    /// Writes canonical text and gives the count of bytes written, at most `textMax` of the number's own: the digits as
    /// they stand, no exponent, no zeros in front or at the end, `0` for zero.
    ///
    /// - Parameter bytes: The bytes that the number was read from.
    public func write(_ bytes: Span<UInt8>, to start: UnsafeMutablePointer<UInt8>) -> Int {
        var out = start
        func append(_ byte: UInt8) {
            out.pointee = byte
            out += 1
        }
        guard !self.significant.isEmpty else {
            append(UInt8(ascii: "0"))
            return 1
        }
        if self.isNegative { append(UInt8(ascii: "-")) }
        var digits = 0
        for index in self.significant where bytes[index] != UInt8(ascii: ".") { digits += 1 }
        // Digits before the point; below zero so many zeros follow it.
        var whole = digits + self.lastExponent
        if whole <= 0 {
            append(UInt8(ascii: "0"))
            append(UInt8(ascii: "."))
            for _ in whole..<0 { append(UInt8(ascii: "0")) }
        }
        for index in self.significant where bytes[index] != UInt8(ascii: ".") {
            append(bytes[index])
            whole -= 1
            digits -= 1
            if whole == 0, digits > 0 { append(UInt8(ascii: ".")) }
        }
        for _ in 0..<max(0, self.lastExponent) { append(UInt8(ascii: "0")) }
        return out - start
    }
}
