/// Takes `100ms` or `64KiB` apart.
enum UnitText {
    /// Splits into a number that fits 63 bits and what follows it; nil without digits in front.
    static func split(_ text: String) -> (Int, String)? {
        guard let digits = Self.digits(of: text), let number = Int(digits) else { return nil }
        return (number, String(text.dropFirst(digits.count)))
    }

    /// The ASCII digits in front, nil if there are none.
    static func digits(of text: String) -> String? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        return digits.isEmpty ? nil : String(digits)
    }
}
