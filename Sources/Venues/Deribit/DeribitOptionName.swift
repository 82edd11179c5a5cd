import MarketModel

/// An option's name in its parts: `BTC-25DEC26-100000-C`, `XRP_USDC-5JAN27-0d625-P`.
struct DeribitOptionName: Hashable, Sendable {
    /// `261225`.
    let date: String
    /// As it stands in the name, `d` for the decimal point.
    let strike: String
    let type: Instrument.OptionType

    private static let months = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]

    /// Reads a name; nil for one that is no option's.
    init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, let date = Self.date(parts[1]),
            !parts[2].isEmpty, parts[2].utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: "d") })
        else { return nil }
        switch parts[3] {
        case "C": self.type = .call
        case "P": self.type = .put
        default: return nil
        }
        self.date = date
        self.strike = String(parts[2])
    }

    /// Our symbol: `BTC-261225-100000-C`; a linear option's has the quote currency too, since both kinds may be listed.
    func symbol(base: String, quote: String?) -> String {
        let pair = quote.map { "\(base)-\($0)" } ?? base
        return "\(pair)-\(self.date)-\(self.strike)-\(self.type == .call ? "C" : "P")"
    }

    /// Reads `25DEC26`, whose day may have one digit.
    static func date(_ text: Substring) -> String? {
        let day = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(day.count)
        let year = rest.dropFirst(3)
        guard let number = Int(day), (1...31).contains(number), year.count == 2,
            year.allSatisfy({ $0.isASCII && $0.isNumber }),
            let month = Self.months.firstIndex(of: String(rest.prefix(3)))
        else { return nil }
        return "\(year)\(Self.twoDigits(month + 1))\(Self.twoDigits(number))"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
