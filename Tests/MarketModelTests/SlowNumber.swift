import MarketModel

/// A number as text with what must become of it, made digit by digit.
struct SlowNumber {
    let text: String
    let canonical: String
    /// The same as a value of 64 bits.
    let outcome: Result<String, DecimalTextError>

    static func random(using random: inout some RandomNumberGenerator) -> SlowNumber {
        func digits(_ range: ClosedRange<Int>) -> [Int] {
            let zeros = Int.random(in: 0...3, using: &random)
            return (0..<Int.random(in: range, using: &random)).map { _ in
                zeros == 0
                    ? 0 : zeros == 1 ? Int.random(in: 0...1, using: &random) : Int.random(in: 0...9, using: &random)
            }
        }
        let isShort = Bool.random(using: &random)
        let whole = digits(1...(isShort ? 8 : 30))
        let fraction = Bool.random(using: &random) ? digits(1...(isShort ? 8 : 30)) : []
        let exponent = Bool.random(using: &random) ? Int.random(in: isShort ? -12...12 : -64...64, using: &random) : nil
        let isNegative = Bool.random(using: &random)
        var text = (isNegative ? "-" : "") + whole.map(String.init).joined()
        if !fraction.isEmpty { text += "." + fraction.map(String.init).joined() }
        if let exponent {
            text += Bool.random(using: &random) ? "e" : "E"
            if exponent >= 0, Bool.random(using: &random) { text += "+" }
            text += String(exponent)
        }
        // All digits in a row, and how many of them stand before the point: the exponent moves it.
        var all = whole + fraction
        var point = whole.count + (exponent ?? 0)
        while point < 0 {
            all.insert(0, at: 0)
            point += 1
        }
        while point > all.count { all.append(0) }
        var before = all[..<point].map(String.init).joined()
        var after = all[point...].map(String.init).joined()
        while before.hasPrefix("0") { before.removeFirst() }
        while after.hasSuffix("0") { after.removeLast() }
        let isZero = before.isEmpty && after.isEmpty
        let plain = (before.isEmpty ? "0" : before) + (after.isEmpty ? "" : "." + after)
        let canonical = isNegative && !isZero ? "-" + plain : plain
        return SlowNumber(
            text: text, canonical: canonical, outcome: Self.outcome(canonical, before: before, after: after))
    }

    /// Its fate in 64 bits: significant digits within 10^18, then at most 18 behind the point.
    private static func outcome(
        _ canonical: String, before: String, after: String
    ) -> Result<String, DecimalTextError> {
        var mantissa = before + after
        while mantissa.hasPrefix("0") { mantissa.removeFirst() }
        let isLimit = mantissa == "1" + String(repeating: "0", count: 18)
        if mantissa.count > 18, !isLimit { return .failure(.overflow) }
        if after.count > 18 { return .failure(.tooPrecise(needed: UInt8(after.count))) }
        return .success(canonical)
    }

    /// Whether the whole text is a number: digits, a fraction, an exponent of at most 64.
    static func isNumber(_ text: String) -> Bool {
        guard let match = text.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?([eE][+-]?([0-9]+))?/) else { return false }
        guard let exponent = match.output.3 else { return true }
        return Int(exponent).map { $0 <= 64 } ?? false
    }
}
