extension Span<UInt8> {
    /// Parses a decimal that starts at `index` and stops at the first byte that is no part of it.
    ///
    /// Digits past `scale` must be zeros. Checked subscripts throughout: malformed input ends in an error.
    /// - Parameters:
    ///   - index: Where the number starts; on return, the byte after it.
    ///   - scale: Fraction digits of the result, 0...18.
    /// - Throws: `.tooPrecise` past `scale` digits, `.overflow` past ±10^18, else `.malformed`.
    /// - Complexity: O(*n*) in bytes, no allocation.
    @inlinable @inline(__always)
    public func decimal(at index: inout Int, scale: UInt8) throws(DecimalTextError) -> Int64 {
        var position = index
        let negative = position < self.count && self[position] == UInt8(ascii: "-")
        if negative { position += 1 }

        let wholeStart = position
        var mantissa: Int64 = 0
        while position < self.count {
            let digit = self[position] &- 48
            guard digit <= 9 else { break }
            mantissa = mantissa &* 10 &+ Int64(digit)
            position += 1
        }
        var digits = position - wholeStart
        guard digits > 0 else { throw .malformed }

        var missing = Int(scale)
        if position < self.count, self[position] == UInt8(ascii: ".") {
            position += 1
            let fractionStart = position
            if missing <= 8, let fraction = self.eightDigits(at: position, keeping: missing) {
                // The usual text has eight digits, of which only zeros lie past the scale.
                mantissa = mantissa &* FixedPoint.smallPowerOfTen(missing) &+ fraction
                position += 8
                missing = 0
            }
            while missing > 0, position < self.count {
                let digit = self[position] &- 48
                guard digit <= 9 else { break }
                mantissa = mantissa &* 10 &+ Int64(digit)
                position += 1
                missing -= 1
            }
            digits += min(position - fractionStart, Int(scale))
            // What follows the scale may only be zeros.
            while position < self.count, self[position] == 48 { position += 1 }
            if position < self.count, self[position] &- 48 <= 9 {
                throw self.excessPrecision(fractionStart: fractionStart)
            }
            guard position > fractionStart else { throw .malformed }
        }
        // 18 digits cannot have wrapped around; longer numbers are counted again, carefully.
        guard digits + missing <= 18 else {
            mantissa = try self.longDecimal(from: wholeStart, scale: scale)
            index = position
            return negative ? -mantissa : mantissa
        }
        while missing > 0 {
            mantissa &*= 10
            missing -= 1
        }
        index = position
        return negative ? -mantissa : mantissa
    }

    /// Reads eight digits in one step and gives the first `kept` of them; nil when they are not all digits, or when one
    /// past `kept` is not zero.
    @inlinable @inline(__always)
    func eightDigits(at position: Int, keeping kept: Int) -> Int64? {
        guard position &+ 8 <= self.count else { return nil }
        // Little endian: the first digit is in the lowest byte.
        let word = UInt64(
            littleEndian: self.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
        let digits = word ^ 0x3030_3030_3030_3030
        // A byte above 9 shows in its upper half, or carries into it when 6 is added.
        guard ((digits &+ 0x0606_0606_0606_0606) | digits) & 0xF0F0_F0F0_F0F0_F0F0 == 0 else { return nil }
        guard kept == 8 || digits &>> UInt64(kept &* 8) == 0 else { return nil }
        guard kept > 0 else { return 0 }
        // The kept digits move to the end of an eight-digit number, zeros before them.
        let aligned = digits &<< UInt64((8 &- kept) &* 8)
        let pairs = (aligned &* 10) &+ (aligned &>> 8)
        let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return Int64(truncatingIfNeeded: (low &+ high) &>> 32)
    }

    /// Counts the fraction digits up to the last one that is not zero.
    @usableFromInline
    func excessPrecision(fractionStart: Int) -> DecimalTextError {
        var needed = 0
        var position = fractionStart
        while position < self.count {
            let digit = self[position] &- 48
            guard digit <= 9 else { break }
            position += 1
            if digit != 0 { needed = position - fractionStart }
        }
        return needed <= Int(FixedPoint.scaleMax) ? .tooPrecise(needed: UInt8(needed)) : .overflow
    }

    @usableFromInline
    func longDecimal(from start: Int, scale: UInt8) throws(DecimalTextError) -> Int64 {
        var value: Int64 = 0
        var position = start
        var fraction: Int?
        while position < self.count, fraction.map({ $0 < Int(scale) }) ?? true {
            let byte = self[position]
            position += 1
            if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
                continue
            }
            let digit = byte &- 48
            guard digit <= 9 else { break }
            value = try Self.append(digit, to: value)
            if let count = fraction { fraction = count + 1 }
        }
        for _ in (fraction ?? 0)..<Int(scale) {
            value = try Self.append(0, to: value)
        }
        return value
    }

    private static func append(_ digit: UInt8, to value: Int64) throws(DecimalTextError) -> Int64 {
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        guard !overflow, product <= FixedPoint.mantissaMax - Int64(digit) else { throw .overflow }
        return product + Int64(digit)
    }
}
