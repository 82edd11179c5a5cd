import Venues

extension SettingField {
    /// A list of what instruments are to be collected: names, patterns and rules.
    static func symbolRules(
        _ name: String, _ target: WritableKeyPath<Root, [SymbolRule]>, of segment: VenueSegment, upTo limit: Int,
        _ meaning: String
    ) -> SettingField {
        let example = segment.exampleSymbol
        let parser = SettingParser<String>.symbol(
            example: example, isUppercase: segment.symbolsAreUppercase, allowsPattern: true)
        return SettingField(name: name) { node, path, root, reader in
            guard case .list(let items) = node.value else {
                reader.report(
                    line: node.line, path: path, "expected a list such as [\(example)], found \(node.shape)")
                return
            }
            guard items.count <= limit else {
                reader.report(line: node.line, path: path, "at most \(limit) entries, found \(items.count)")
                return
            }
            var rules: [SymbolRule] = []
            var seen: [SymbolRule: Int] = [:]
            for (index, item) in items.enumerated() {
                reader.note(line: item.line, of: "\(path)[\(index)]")
                guard let rule = Self.rule(item, at: path, parser, &reader) else { continue }
                if let line = seen[rule] {
                    let text = TerminalText.escaped("\(rule)", limit: 64)
                    reader.report(line: item.line, path: path, "\(text) is listed twice, first on line \(line)")
                    continue
                }
                seen[rule] = item.line
                rules.append(rule)
            }
            root[keyPath: target] = rules
        } rows: { _ in
            [
                SettingRow(
                    name, kind: "list, each \(parser.kind), a pattern with *, or a rule", standard: "[]",
                    example: "[\(example)]", meaning: meaning)
            ]
        }
    }

    private static func rule(
        _ node: ConfigurationNode, at path: String, _ parser: SettingParser<String>, _ reader: inout SettingReader
    ) -> SymbolRule? {
        guard case .map = node.value else {
            return reader.value(node, at: path, by: parser).map { SymbolRule(text: $0) }
        }
        var filter = SymbolFilter()
        let problems = reader.problems.count
        reader.read(node, at: path, into: &filter, by: SymbolFilter.fields)
        guard reader.problems.count == problems else { return nil }
        guard !filter.isEmpty else {
            reader.report(
                line: node.line, path: path, "a rule that says nothing; name top, base, quote or expiry_within")
            return nil
        }
        return .filter(filter)
    }
}

extension SymbolFilter {
    static var fields: [SettingField<SymbolFilter>] {
        [
            .optional("top", \.top, .integer(1...SegmentSettings.symbolsMost), "Only so many, the largest."),
            .value("by", \.order, .choice(Order.allCases), "What the largest are chosen by."),
            .optional("base", \.base, .asset, "Only those of this base asset."),
            .optional("quote", \.quote, .asset, "Only those of this quote asset."),
            .optional(
                "expiry_within", \.expiryWithin, .duration(.seconds(3_600)...(.seconds(86_400) * 730)),
                "Only what expires within this time."),
        ]
    }
}

extension SymbolRule: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let text), .pattern(let text): text
        case .filter(let filter): "\(filter)"
        }
    }
}

extension SettingParser where Value == String {
    /// An asset's code as venues write it: `BTC`.
    static var asset: SettingParser<String> {
        let kind = "asset of 1 to 32 characters, such as BTC"
        return SettingParser(kind: kind, example: "USDT") { text throws(SettingRefusal) in
            guard (1...32).contains(text.utf8.count), TerminalText.escaped(text) == text, !text.contains(" ") else {
                throw SettingRefusal(kind, nearest: nil)
            }
            return text
        } format: {
            $0
        }
    }
}
