import MarketModel

/// Numbers without quotes, exactly: nothing passes through `Double`.
extension JSONReader {
    /// Passes a number and gives its mantissa at a scale: `84210.5`, `1e-05`.
    ///
    /// - Throws: `.tooPrecise` past `scale` fraction digits, `.overflow` past ±10^18, `.malformed` for what is no number
    ///   or does not end.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func bareDecimal(scale: UInt8) throws(DecimalTextError) -> Int64 {
        let start = self.index
        var refusal = DecimalTextError.malformed
        do throws(DecimalTextError) {
            let mantissa = try self.bytes.decimal(at: &self.index, scale: scale)
            if self.index < self.bytes.count, !Self.isOfNumber(self.bytes[self.index]) { return mantissa }
        } catch {
            refusal = error
        }
        // An exponent, which may also make up for digits that the scale does not hold.
        return try self.exponentDecimal(from: start, scale: scale, refusal)
    }

    /// Passes a number and gives it at a scale of its own.
    @_lifetime(self: copy self)
    mutating func bareValue() throws(JSONError) -> DecimalValue {
        let range = try self.number()
        do throws(DecimalTextError) {
            return try DecimalValue(parsing: self.bytes, at: range)
        } catch {
            throw .value(offset: range.lowerBound)
        }
    }

    /// Passes a value and gives where it stands.
    @_lifetime(self: copy self)
    mutating func plainValue() throws(JSONError) -> Range<Int> {
        _ = try self.peek()
        let start = self.index
        try self.skipValue()
        return start..<self.index
    }

    /// Passes a number, or `null`, which gives nothing.
    @_lifetime(self: copy self)
    mutating func bareValueOrNull() throws(JSONError) -> DecimalValue {
        if try self.takeNull() { return .none }
        return try self.bareValue()
    }

    /// Passes a number of whatever length and gives where its text stands.
    @_lifetime(self: copy self)
    mutating func number() throws(JSONError) -> Range<Int> {
        _ = try self.peek()
        let start = self.index
        try self.skipScalar()
        let range = start..<self.index
        guard self.index < self.bytes.count else { throw .truncated }
        guard DecimalParts(self.bytes, range) != nil else { throw .value(offset: start) }
        return range
    }

    @_lifetime(self: copy self)
    private mutating func exponentDecimal(
        from start: Int, scale: UInt8, _ refusal: DecimalTextError
    ) throws(DecimalTextError) -> Int64 {
        var end = start
        var hasExponent = false
        while end < self.bytes.count, Self.isOfNumber(self.bytes[end]) {
            if self.bytes[end] | 0x20 == UInt8(ascii: "e") { hasExponent = true }
            end += 1
        }
        guard hasExponent else { throw refusal }
        guard end < self.bytes.count else { throw .malformed }
        let value: DecimalValue
        do throws(DecimalTextError) {
            value = try DecimalValue(parsing: self.bytes, at: start..<end)
        } catch {
            // No scale holds it.
            if case .tooPrecise = error { throw .overflow }
            throw error
        }
        guard value.scale <= scale else { throw .tooPrecise(needed: value.scale) }
        guard let mantissa = FixedPoint.rescale(value.mantissa, by: scale - value.scale) else { throw .overflow }
        self.index = end
        return mantissa
    }

    /// Whether a byte may stand inside a number, or inside a word that is none.
    @inline(__always)
    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
