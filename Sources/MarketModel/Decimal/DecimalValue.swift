/// A number of its own scale, exact, or nothing: for values that no book is kept of.
///
/// Zeros at the end are cut off, so that equal numbers are equal values.
public struct DecimalValue: Hashable, Sendable {
    /// Within ±10^18.
    public let mantissa: Int64
    /// Fraction digits, 0...18; `UInt8.max` stands for "not given", so that a value stays plain memory.
    public let scale: UInt8

    /// What the venue does not give.
    public static let none = DecimalValue(uncheckedMantissa: 0, scale: .max)
    public static let zero = DecimalValue(uncheckedMantissa: 0, scale: 0)

    private init(uncheckedMantissa mantissa: Int64, scale: UInt8) {
        self.mantissa = mantissa
        self.scale = scale
    }

    /// Takes a mantissa at a scale of 0...18.
    public init(_ mantissa: Int64, scale: UInt8) {
        var mantissa = mantissa
        var scale = min(scale, FixedPoint.scaleMax)
        while scale > 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale -= 1
        }
        self.mantissa = mantissa
        self.scale = scale
    }

    public var isGiven: Bool { self.scale != .max }

    /// Whether it is below, at or above zero: -1, 0 or 1; 0 for nothing.
    public var signum: Int64 { self.mantissa.signum() }

    /// The same without its sign.
    public var magnitude: DecimalValue {
        DecimalValue(uncheckedMantissa: self.mantissa < 0 ? 0 &- self.mantissa : self.mantissa, scale: self.scale)
    }

    /// Canonical text, without exponent or zeros at its end; nil for nothing.
    public var text: String? { self.isGiven ? FixedPoint.text(self.mantissa, scale: self.scale) : nil }

    /// Parses a number as JSON has it: a minus, digits, a fraction, an exponent; `1.5E-7` is 0.00000015.
    ///
    /// - Throws: `.tooPrecise` past 18 fraction digits, `.overflow` past ±10^18, `.malformed` for what is no number.
    public init(parsing bytes: Span<UInt8>, at range: Range<Int>) throws(DecimalTextError) {
        guard let parts = DecimalParts(bytes, range) else { throw .malformed }
        try self.init(parts, of: bytes, droppedDigits: 0)
    }

    /// Parses a number as `init(parsing:at:)`, and leaves out what stands behind its 18th fraction digit: for numbers
    /// that the venue computed in floating point, whose last digits mean nothing.
    ///
    /// - Throws: `.overflow` past ±10^18, `.malformed` for what is no number.
    public init(cutting bytes: Span<UInt8>, at range: Range<Int>) throws(DecimalTextError) {
        guard let parts = DecimalParts(bytes, range) else { throw .malformed }
        try self.init(parts, of: bytes, droppedDigits: max(0, -parts.lastExponent - Int(FixedPoint.scaleMax)))
    }

    private init(_ parts: DecimalParts, of bytes: Span<UInt8>, droppedDigits: Int) throws(DecimalTextError) {
        var mantissa: Int64 = 0
        var digits = -droppedDigits
        for index in parts.significant where bytes[index] != UInt8(ascii: ".") { digits += 1 }
        for index in parts.significant where bytes[index] != UInt8(ascii: ".") {
            guard digits > 0 else { break }
            digits -= 1
            let (tens, tensOverflow) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int64(bytes[index] &- 48))
            guard !tensOverflow, !sumOverflow, sum <= FixedPoint.mantissaMax else { throw .overflow }
            mantissa = sum
        }
        // The last significant digit stands for 10 to the power of `lastExponent`.
        var exponent = parts.lastExponent + droppedDigits
        while exponent > 0, mantissa != 0 {
            let (tens, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            guard !overflow, tens <= FixedPoint.mantissaMax else { throw .overflow }
            mantissa = tens
            exponent -= 1
        }
        guard mantissa != 0 else {
            self = .zero
            return
        }
        guard exponent >= -Int(FixedPoint.scaleMax) else { throw .tooPrecise(needed: UInt8(clamping: -exponent)) }
        self.init(parts.isNegative ? -mantissa : mantissa, scale: UInt8(-exponent))
    }

    /// Parses text; nil for what is no number or does not fit.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard let value = try? DecimalValue(parsing: bytes.span, at: 0..<bytes.count) else { return nil }
        self = value
    }
}
