import MarketModel
package import Venues

/// What a user asks for of the past, as it stands on the command line.
package struct HistoryOrder: Hashable, Sendable {
    /// `binance.spot`, or a venue for all of its sections.
    package var sections: [String]
    package var symbols: [SymbolRule]
    /// `trade`, `kline:1m`.
    package var kinds: [HistoryKind]
    /// Half-open, milliseconds since 1970; clamped to what is final by now.
    package var rangeMilliseconds: Range<Int64>

    package init(sections: [String], symbols: [SymbolRule], kinds: [HistoryKind], rangeMilliseconds: Range<Int64>) {
        self.sections = sections
        self.symbols = symbols
        self.kinds = kinds
        self.rangeMilliseconds = rangeMilliseconds
    }

    /// Why an order means nothing.
    package struct Problem: Error, CustomStringConvertible, Sendable {
        package let description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    /// The sections that are meant.
    package func segments() throws(Problem) -> [VenueSegment] {
        var found: [VenueSegment] = []
        for text in self.sections {
            let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
            let named = VenueCatalog.segments.filter { segment in
                segment.id.venue.name == parts.first && (parts.count == 1 || segment.id.name == parts[1])
            }
            guard !named.isEmpty else {
                let known = VenueCatalog.segments.map { "\($0.id.venue).\($0.id.name)" }
                let nearest = NearestName.find(text, among: known).map { "; did you mean \($0)?" } ?? ""
                throw Problem("there is no section '\(TerminalText.escaped(text, limit: 64))'\(nearest)")
            }
            for segment in named where !found.contains(where: { $0.id == segment.id }) { found.append(segment) }
        }
        return found
    }

    /// Whether a section has a kind at all: what is in archives is served over REST as well, if not for as long.
    static func serves(_ kind: HistoryKind, _ segment: VenueSegment, _ wanted: Wanted) -> Bool {
        VenueCatalog.venue(segment.id.venue)?.historyOffer(of: kind, in: segment, wanted: wanted) != nil
    }
}
