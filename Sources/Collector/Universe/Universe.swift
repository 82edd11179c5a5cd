package import MarketModel

/// Resolves the rules of a section against what its venue lists now. Pure: the list, turnovers and time are given.
package enum Universe {
    package struct Resolution: Hashable, Sendable {
        /// Each once, those named first, then in the order of the rules.
        package var symbols: [String] = []
        /// Names that the venue does not list.
        package var missing: [String] = []
        /// Rules and patterns that mean nothing of what is listed.
        package var idle: [String] = []
    }

    /// - Parameters:
    ///   - turnovers: The last day's, by symbol, for rules that choose the largest; what has none comes last.
    ///   - limit: The most symbols of a section; what goes past it is left out.
    package static func resolve(
        _ rules: [SymbolRule], listed: [Instrument], turnovers: [String: DecimalValue], nowMicroseconds now: Int64,
        limit: Int
    ) -> Resolution {
        var result = Resolution()
        var seen: Set<String> = []
        let known = Set(listed.map(\.venueSymbol))
        // What trades no more is collected only where it is named.
        let open = listed.filter { $0.status.isOpen && ($0.expiresMicroseconds ?? .max) > now }
        func take(_ symbol: String) {
            if result.symbols.count < limit, seen.insert(symbol).inserted { result.symbols.append(symbol) }
        }
        for case .name(let name) in rules {
            if known.contains(name) { take(name) } else { result.missing.append(name) }
        }
        for rule in rules {
            switch rule {
            case .name:
                continue
            case .pattern(let pattern):
                let matches = open.map(\.venueSymbol).filter { Self.matches($0, pattern) }
                if matches.isEmpty { result.idle.append(pattern) }
                for symbol in matches.sorted() { take(symbol) }
            case .filter(let filter):
                let matches = Self.largest(
                    open.filter { filter.matches($0, nowMicroseconds: now) }.map(\.venueSymbol), filter, turnovers)
                if matches.isEmpty { result.idle.append("\(filter)") }
                for symbol in matches { take(symbol) }
            }
        }
        return result
    }

    private static func largest(
        _ symbols: [String], _ filter: SymbolFilter, _ turnovers: [String: DecimalValue]
    ) -> [String] {
        guard let top = filter.top else { return symbols.sorted() }
        let ordered = symbols.sorted { left, right in
            let (first, second) = (turnovers[left] ?? .zero, turnovers[right] ?? .zero)
            return first == second ? left < right : Self.isGreater(first, second)
        }
        return Array(ordered.prefix(top))
    }

    /// Compares exact numbers of different scales.
    private static func isGreater(_ left: DecimalValue, _ right: DecimalValue) -> Bool {
        let scale = max(left.scale, right.scale)
        func wide(_ value: DecimalValue) -> Int128 {
            var mantissa = Int128(value.mantissa)
            for _ in value.scale..<scale { mantissa *= 10 }
            return mantissa
        }
        return wide(left) > wide(right)
    }

    /// Whether a name is what a pattern means, `*` standing for any run of characters.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return name == pattern }
        guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else {
            return false
        }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}

extension SymbolFilter: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        if let top { parts.append("top: \(top), by: \(self.order.rawValue)") }
        if let base { parts.append("base: \(base)") }
        if let quote { parts.append("quote: \(quote)") }
        if let expiryWithin { parts.append("expiry_within: \(DurationText.format(expiryWithin))") }
        return "{\(parts.joined(separator: ", "))}"
    }
}

extension Instrument.Status {
    /// Whether it trades, or may again.
    fileprivate var isOpen: Bool {
        switch self {
        case .pending, .trading, .halted, .unknown: true
        case .settling, .closed: false
        }
    }
}
