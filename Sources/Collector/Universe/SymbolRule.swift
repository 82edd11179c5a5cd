import MarketModel

/// Which instruments of a section are collected: a name, a pattern of names, or what they have in common.
package enum SymbolRule: Hashable, Sendable {
    /// In the venue's spelling.
    case name(String)
    /// A name in which `*` stands for any run of characters.
    case pattern(String)
    case filter(SymbolFilter)

    /// Takes what stands in a list of symbols.
    package init(text: String) {
        self = text.contains("*") ? .pattern(text) : .name(text)
    }

    /// Whether it needs the venue's list to say which symbols it means.
    package var isOpen: Bool {
        if case .name = self { false } else { true }
    }
}

/// What instruments have in common that a rule means.
package struct SymbolFilter: Hashable, Sendable {
    /// What the largest are chosen by.
    package enum Order: String, Hashable, Sendable, CaseIterable {
        /// The last day's turnover in the quote asset.
        case quoteVolume = "quote_volume"
    }

    /// Only so many, the largest.
    package var top: Int?
    package var order = Order.quoteVolume
    package var base: String?
    package var quote: String?
    /// Only what expires within this time; what never expires is left out.
    package var expiryWithin: Duration?

    package init() {}

    /// Whether it says anything at all.
    package var isEmpty: Bool { self.top == nil && self.base == nil && self.quote == nil && self.expiryWithin == nil }

    func matches(_ instrument: Instrument, nowMicroseconds now: Int64) -> Bool {
        if let base, instrument.base != base { return false }
        if let quote, instrument.quote != quote { return false }
        guard let expiryWithin else { return true }
        guard let expires = instrument.expiresMicroseconds, expires > now else { return false }
        return expires - now <= expiryWithin.microseconds
    }
}
