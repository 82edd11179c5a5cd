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

    /// Why what a user asks for means nothing.
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
                let names = known + VenueCatalog.all.map(\.id.name)
                let nearest = NearestName.find(text, among: names).map { "did you mean \($0)?" }
                throw Problem(
                    "there is no section '\(TerminalText.escaped(text, limit: 64))'; "
                        + (nearest ?? "known are \(known.joined(separator: ", "))"))
            }
            for segment in named where !found.contains(where: { $0.id == segment.id }) { found.append(segment) }
        }
        return found
    }

    /// Says that there is no job of a name.
    package static func noJob(_ name: String, among names: [String]) -> Problem {
        let advice = names.isEmpty ? "there are none" : NearestName.advice(for: name, among: Array(names.prefix(10)))
        let nearest = NearestName.find(name, among: names).map { "did you mean \($0)?" } ?? advice
        return Problem("there is no job '\(TerminalText.escaped(name, limit: 64))'; \(TerminalText.escaped(nearest))")
    }

    /// Says that nothing was ever ordered into an output.
    package static func noOutput(_ name: String, among names: [String]) -> Problem {
        let known = names.isEmpty ? "" : "; \(NearestName.advice(for: name, among: Array(names.prefix(10))))"
        return Problem("no job has the output \(TerminalText.escaped(name))\(TerminalText.escaped(known))")
    }

    /// Reads a kind of data: `trade`, `kline:1m`.
    package static func kind(_ text: String) throws(Problem) -> HistoryKind {
        if let kind = HistoryKind(text) { return kind }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let example = { (type: DataType) in HistoryKind(type, interval: nil) ?? HistoryKind(type, interval: .minute5) }
        let known = DataType.allCases.filter { example($0) != nil }
        guard let type = DataType(rawValue: parts.first ?? ""), known.contains(type) else {
            let name = parts.first ?? ""
            let advice = NearestName.advice(for: name, among: known.map(\.rawValue))
            throw Problem("there is no kind '\(TerminalText.escaped(name, limit: 64))' of the past; \(advice)")
        }
        guard HistoryKind(type, interval: nil) == nil else { throw Problem("\(type.rawValue) has no length") }
        guard parts.count == 2 else { throw Problem("\(type.rawValue) needs a length, such as \(type.rawValue):5m") }
        let advice = NearestName.advice(for: parts[1], among: KlineInterval.allCases.map(\.rawValue))
        throw Problem("there is no length '\(TerminalText.escaped(parts[1], limit: 64))'; \(advice)")
    }

    /// Whether a section has a kind at all, over REST or in archives.
    static func serves(_ kind: HistoryKind, _ segment: VenueSegment, _ wanted: Wanted) -> Bool {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return false }
        return venue.historyOffer(of: kind, in: segment, wanted: wanted) != nil
            || venue.hasArchives(of: kind, in: segment, wanted: wanted)
    }
}
