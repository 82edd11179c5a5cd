/// Why a venue's decimal text was not taken.
public enum DecimalTextError: Error, Equatable {
    /// Not a plain decimal number.
    case malformed
    /// The value has more significant fraction digits than the scale; `needed` of them would hold it.
    case tooPrecise(needed: UInt8)
    /// The value does not fit 64 bits at the scale.
    case overflow
}

/// Exact decimals as an integer mantissa at a known scale: `61737.63` at scale 2 is `6173763`.
///
/// Nothing passes through `Double`. A mantissa lies within ±10^18, so negating one can never overflow.
public enum FixedPoint {
    /// The most fraction digits a scale may have.
    public static let scaleMax: UInt8 = 18

    /// The largest mantissa that is taken, 10^18: sums of a few and negation stay inside 64 bits.
    public static let mantissaMax: Int64 = 1_000_000_000_000_000_000

    /// Gives 10 to the power of `exponent`, 0...18.
    @inlinable
    public static func powerOfTen(_ exponent: UInt8) -> Int64 {
        var power: Int64 = 1
        for _ in 0..<min(exponent, 18) {
            power &*= 10
        }
        return power
    }

    /// Gives 10 to the power of 0...8 without a loop.
    @inlinable @inline(__always)
    public static func smallPowerOfTen(_ exponent: Int) -> Int64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        default: 100_000_000
        }
    }

    /// Moves a mantissa to a wider scale; nil when it does not fit.
    public static func rescale(_ mantissa: Int64, by digits: UInt8) -> Int64? {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: Self.powerOfTen(digits))
        guard !overflow, digits <= 18, abs(product) <= Self.mantissaMax else { return nil }
        return product
    }

    /// Parses a venue's decimal text exactly, off the frame path.
    ///
    /// - Parameters:
    ///   - text: ASCII digits with at most one point and a leading minus at most, as sent: `"61234.5"`.
    ///   - scale: Fraction digits of the result, 0...18.
    /// - Throws: `.tooPrecise` past `scale` digits, `.overflow` past ±10^18, else `.malformed`.
    public static func parse(_ text: some StringProtocol, scale: UInt8) throws(DecimalTextError) -> Int64 {
        var bytes = Array(text.utf8)
        bytes.append(0)
        var index = 0
        let mantissa = try bytes.span.decimal(at: &index, scale: scale)
        guard index == bytes.count - 1 else { throw .malformed }
        return mantissa
    }

    /// Counts the significant fraction digits of a decimal text: 2 for `"0.0100"`.
    public static func scale(of text: some StringProtocol) throws(DecimalTextError) -> UInt8 {
        do {
            _ = try Self.parse(text, scale: 0)
            return 0
        } catch .tooPrecise(let needed) {
            return needed
        }
    }

    /// Writes a mantissa as canonical text: no exponent, no trailing zeros, `"0"` for zero.
    public static func text(_ mantissa: Int64, scale: UInt8) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textBytesMax) { buffer in
            let count = Self.write(mantissa, scale: scale, to: buffer.baseAddress!)
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// The most bytes that `write` writes: a sign, 19 digits, and a leading `0.` with zeros up to scale 18.
    public static let textBytesMax = 40

    /// Writes canonical decimal text and gives the count of bytes written, at most `textBytesMax`.
    ///
    /// It may write more bytes than that count, within `textBytesMax`.
    @inlinable @inline(__always)
    public static func write(_ mantissa: Int64, scale: UInt8, to start: UnsafeMutablePointer<UInt8>) -> Int {
        // Below zero it is no small magnitude.
        if UInt64(bitPattern: mantissa) < 100_000_000, scale <= 7 {
            return Self.writeShort(UInt32(truncatingIfNeeded: mantissa), scale: Int(scale), to: start)
        }
        return Self.writeAny(mantissa, scale: scale, to: start)
    }

    /// The same for any mantissa and scale.
    @usableFromInline
    static func writeAny(_ mantissa: Int64, scale: UInt8, to start: UnsafeMutablePointer<UInt8>) -> Int {
        var out = start
        var value = mantissa.magnitude
        if mantissa < 0 {
            out.pointee = UInt8(ascii: "-")
            out += 1
        }
        var fraction = Int(scale)
        if fraction == 0 {
            return (out - start) + Self.writeDigits(value, to: out)
        }
        // Canonical text has no trailing zeros: they leave the mantissa before it is written.
        if value == 0 {
            start.pointee = UInt8(ascii: "0")
            return 1
        }
        while fraction > 0 {
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { break }
            value = quotient
            fraction -= 1
        }
        let digits = Self.digitCount(value)
        guard fraction > 0 else {
            return (out - start) + Self.writeDigits(value, to: out)
        }
        if digits > fraction {
            Self.writeDigits(value, count: digits, to: out)
            // Move the fraction one byte to the right and put the point in between.
            var index = digits
            while index > digits - fraction {
                out[index] = out[index - 1]
                index -= 1
            }
            out[digits - fraction] = UInt8(ascii: ".")
            return (out - start) + digits + 1
        }
        out[0] = UInt8(ascii: "0")
        out[1] = UInt8(ascii: ".")
        for index in 0..<(fraction - digits) {
            out[2 + index] = UInt8(ascii: "0")
        }
        Self.writeDigits(value, count: digits, to: out + 2 + (fraction - digits))
        return (out - start) + 2 + fraction
    }

    /// Writes at most eight digits, all in one step: no division by a power that is not constant, no loop.
    ///
    /// It may write 17 bytes, of which the count given is text.
    @inlinable @inline(__always)
    static func writeShort(_ value: UInt32, scale: Int, to start: UnsafeMutablePointer<UInt8>) -> Int {
        let digits = Self.eightDigits(value)
        // Little endian: the first digit is in the lowest byte.
        let leading = min(digits.trailingZeroBitCount &>> 3, 7 &- scale)
        let whole = 8 &- leading &- scale
        let text = (digits | 0x3030_3030_3030_3030) &>> UInt64(leading &* 8)
        UnsafeMutableRawPointer(start).storeBytes(of: text.littleEndian, as: UInt64.self)
        let zeros = min(digits.leadingZeroBitCount &>> 3, scale)
        let fraction = scale &- zeros
        guard fraction > 0 else { return whole }
        let tail = text &>> UInt64(whole &* 8)
        start[whole] = UInt8(ascii: ".")
        UnsafeMutableRawPointer(start + whole + 1).storeBytes(of: tail.littleEndian, as: UInt64.self)
        return whole &+ 1 &+ fraction
    }

    /// Spreads a number below 10^8 over eight bytes, one digit each, the first in the lowest byte.
    @inlinable @inline(__always)
    static func eightDigits(_ value: UInt32) -> UInt64 {
        let high = UInt64(value / 10_000)
        let low = UInt64(value % 10_000)
        let fours = high | low &<< 32
        // Hundreds and rest of each four digits; 10486 / 2^20 is 1 / 100 rounded up, exact below 10^4.
        let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007F_0000_007F
        let pairs = hundreds | (fours &- hundreds &* 100) &<< 16
        // Tens and ones of each pair; 103 / 2^10 is 1 / 10 rounded up, exact below 100.
        let tens = ((pairs &* 103) &>> 10) & 0x000F_000F_000F_000F
        return tens | (pairs &- tens &* 10) &<< 8
    }

    /// Writes an unsigned integer in decimal and gives the count of bytes written, at most 20.
    ///
    /// It may write 7 bytes more, of which nothing is meant.
    @inlinable @inline(__always)
    @discardableResult
    public static func writeDigits(_ value: UInt64, to start: UnsafeMutablePointer<UInt8>) -> Int {
        if value < 100_000_000 { return Self.writeLeading(UInt32(truncatingIfNeeded: value), to: start) }
        return Self.writeLong(value, to: start)
    }

    /// Writes an integer of nine digits or more, eight at a time.
    @inlinable
    static func writeLong(_ value: UInt64, to start: UnsafeMutablePointer<UInt8>) -> Int {
        let (upper, low) = value.quotientAndRemainder(dividingBy: 100_000_000)
        var count: Int
        if upper < 100_000_000 {
            count = Self.writeLeading(UInt32(truncatingIfNeeded: upper), to: start)
        } else {
            let (high, middle) = upper.quotientAndRemainder(dividingBy: 100_000_000)
            count = Self.writeLeading(UInt32(truncatingIfNeeded: high), to: start)
            Self.writeEight(UInt32(truncatingIfNeeded: middle), to: start + count)
            count &+= 8
        }
        Self.writeEight(UInt32(truncatingIfNeeded: low), to: start + count)
        return count &+ 8
    }

    /// Writes a number below 10^8 without zeros before it.
    @inlinable @inline(__always)
    static func writeLeading(_ value: UInt32, to start: UnsafeMutablePointer<UInt8>) -> Int {
        let digits = Self.eightDigits(value)
        let leading = min(digits.trailingZeroBitCount &>> 3, 7)
        let text = (digits | 0x3030_3030_3030_3030) &>> UInt64(leading &* 8)
        UnsafeMutableRawPointer(start).storeBytes(of: text.littleEndian, as: UInt64.self)
        return 8 &- leading
    }

    /// Writes a number below 10^8 with all its eight digits.
    @inlinable @inline(__always)
    static func writeEight(_ value: UInt32, to start: UnsafeMutablePointer<UInt8>) {
        let text = Self.eightDigits(value) | 0x3030_3030_3030_3030
        UnsafeMutableRawPointer(start).storeBytes(of: text.littleEndian, as: UInt64.self)
    }

    @inlinable
    static func writeDigits(_ value: UInt64, count: Int, to start: UnsafeMutablePointer<UInt8>) {
        var rest = value
        var index = count
        while rest >= 100 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            rest = quotient
            index -= 2
            let tens = pair / 10
            start[index] = UInt8(truncatingIfNeeded: 48 &+ tens)
            start[index + 1] = UInt8(truncatingIfNeeded: 48 &+ pair &- tens &* 10)
        }
        if rest >= 10 {
            let tens = rest / 10
            start[0] = UInt8(truncatingIfNeeded: 48 &+ tens)
            start[1] = UInt8(truncatingIfNeeded: 48 &+ rest &- tens &* 10)
        } else {
            start[0] = UInt8(truncatingIfNeeded: 48 &+ rest)
        }
    }

    @inlinable
    static func digitCount(_ value: UInt64) -> Int {
        if value < 10_000 {
            return value < 100 ? (value < 10 ? 1 : 2) : (value < 1_000 ? 3 : 4)
        }
        if value < 100_000_000 {
            return value < 1_000_000 ? (value < 100_000 ? 5 : 6) : (value < 10_000_000 ? 7 : 8)
        }
        var count = 8
        var rest = value / 100_000_000
        while rest > 0 {
            rest /= 10
            count += 1
        }
        return count
    }
}
