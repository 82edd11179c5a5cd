import MarketModel

/// A sum of exact decimals, wider than 64 bits.
struct WideDecimal {
    private var mantissa: Int128 = 0
    private var scale: UInt8 = 0

    /// Adds a value at a scale of at most 36 digits; false when the sum does not fit 128 bits.
    mutating func add(_ value: Int128, scale: UInt8) -> Bool {
        let common = max(self.scale, scale)
        guard let mine = Self.widen(self.mantissa, by: common - self.scale),
            let other = Self.widen(value, by: common - scale)
        else { return false }
        let (sum, overflow) = mine.addingReportingOverflow(other)
        guard !overflow else { return false }
        self.mantissa = sum
        self.scale = common
        return true
    }

    /// Canonical text: no exponent, no trailing zeros.
    var text: String {
        var digits = String(self.mantissa.magnitude)
        let fraction = Int(self.scale)
        if fraction > 0 {
            if digits.count <= fraction { digits = String(repeating: "0", count: fraction + 1 - digits.count) + digits }
            let point = digits.index(digits.endIndex, offsetBy: -fraction)
            var tail = digits[point...]
            while tail.last == "0" { tail.removeLast() }
            digits = tail.isEmpty ? String(digits[..<point]) : digits[..<point] + "." + tail
        }
        return self.mantissa < 0 ? "-" + digits : digits
    }

    private static func widen(_ value: Int128, by digits: UInt8) -> Int128? {
        var result = value
        for _ in 0..<digits {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            result = product
        }
        return result
    }
}
