import MarketModel

/// Decimal text read and written the obvious way, digit by digit, as the reference.
struct SlowDecimal {
    enum Outcome: Equatable {
        case value(Int64)
        case error(DecimalTextError)
    }

    var outcome: Outcome
    /// The byte after the number.
    var end: Int

    /// Reads `-?[0-9]+(\.[0-9]+)?` at the start of the text.
    static func read(_ text: [UInt8], scale: UInt8) -> SlowDecimal {
        var rest = text[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        let whole = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(whole.count)
        guard !whole.isEmpty else { return SlowDecimal(outcome: .error(.malformed), end: 0) }
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { (48...57).contains($0) }
            guard !fraction.isEmpty else { return SlowDecimal(outcome: .error(.malformed), end: 0) }
            rest = rest.dropFirst(1 + fraction.count)
        }
        while fraction.last == 48 { fraction.removeLast() }
        if fraction.count > Int(scale) {
            let isHopeless = fraction.count > Int(FixedPoint.scaleMax)
            let error: DecimalTextError =
                isHopeless ? .overflow : .tooPrecise(needed: UInt8(truncatingIfNeeded: fraction.count))
            return SlowDecimal(outcome: .error(error), end: 0)
        }
        let zeros = repeatElement(UInt8(48), count: Int(scale) - fraction.count)
        let digits = (Array(whole) + Array(fraction) + Array(zeros)).drop { $0 == 48 }
        let value = digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self))
        guard let value, value <= FixedPoint.mantissaMax else {
            return SlowDecimal(outcome: .error(.overflow), end: 0)
        }
        return SlowDecimal(outcome: .value(isNegative ? -value : value), end: rest.startIndex)
    }

    /// Writes canonical text: no trailing zeros, no point without digits behind it.
    static func text(_ mantissa: Int64, scale: UInt8) -> String {
        guard mantissa != 0 else { return "0" }
        var digits = Array(String(mantissa.magnitude).utf8)
        while digits.count <= Int(scale) { digits.insert(48, at: 0) }
        let whole = digits.dropLast(Int(scale))
        var fraction = digits.suffix(Int(scale))
        while fraction.last == 48 { fraction.removeLast() }
        let sign = mantissa < 0 ? "-" : ""
        let point = fraction.isEmpty ? "" : "."
        return sign + String(decoding: whole, as: UTF8.self) + point + String(decoding: fraction, as: UTF8.self)
    }
}
