/// One key of a section: its name, its meaning, how it is read, and its rows in the reference.
///
/// Each key is declared once; the reader, the refusal of unknown keys and `docs/configuration.md` all come from it.
struct SettingField<Root> {
    let name: String
    /// A key that exists only to say why it must not be used.
    let isRefused: Bool
    let read: (ConfigurationNode, _ path: String, inout Root, inout SettingReader) -> Void
    /// The key's rows with the defaults of `Root`, paths relative to the section.
    let rows: (Root) -> [SettingRow]

    init(
        name: String, isRefused: Bool = false,
        read: @escaping (ConfigurationNode, _ path: String, inout Root, inout SettingReader) -> Void,
        rows: @escaping (Root) -> [SettingRow]
    ) {
        self.name = name
        self.isRefused = isRefused
        self.read = read
        self.rows = rows
    }

    /// A key with one value.
    static func value<Value>(
        _ name: String, _ target: WritableKeyPath<Root, Value>, _ parser: SettingParser<Value>, _ meaning: String,
        defaultText: String? = nil
    ) -> SettingField {
        SettingField(name: name) { node, path, root, reader in
            if let value = reader.value(node, at: path, by: parser) { root[keyPath: target] = value }
        } rows: { root in
            let standard = defaultText ?? parser.format(root[keyPath: target])
            let example = defaultText == nil ? standard : parser.example
            return [SettingRow(name, kind: parser.kind, standard: standard, example: example, meaning: meaning)]
        }
    }

    /// A key with one value that may be left out.
    static func optional<Value>(
        _ name: String, _ target: WritableKeyPath<Root, Value?>, _ parser: SettingParser<Value>, _ meaning: String,
        defaultText: String = "none"
    ) -> SettingField {
        SettingField(name: name) { node, path, root, reader in
            if let value = reader.value(node, at: path, by: parser) { root[keyPath: target] = value }
        } rows: { _ in
            [SettingRow(name, kind: parser.kind, standard: defaultText, example: parser.example, meaning: meaning)]
        }
    }

    /// A key with a list of values, none of them twice.
    static func list<Value: Hashable>(
        _ name: String, _ target: WritableKeyPath<Root, [Value]>, _ parser: SettingParser<Value>, upTo limit: Int,
        _ meaning: String, defaultText: String? = nil
    ) -> SettingField {
        SettingField(name: name) { node, path, root, reader in
            guard case .list(let items) = node.value else {
                let message = "expected a list such as [\(parser.example)], found \(node.shape)"
                reader.report(line: node.line, path: path, message)
                return
            }
            guard items.count <= limit else {
                reader.report(line: node.line, path: path, "at most \(limit) entries, found \(items.count)")
                return
            }
            var values: [Value] = []
            var seen: [Value: Int] = [:]
            for (index, item) in items.enumerated() {
                reader.note(line: item.line, of: "\(path)[\(index)]")
                guard let value = reader.value(item, at: path, by: parser) else { continue }
                if let line = seen[value] {
                    let text = TerminalText.escaped(parser.format(value), limit: 64)
                    reader.report(line: item.line, path: path, "\(text) is listed twice, first on line \(line)")
                    continue
                }
                seen[value] = item.line
                values.append(value)
            }
            root[keyPath: target] = values
        } rows: { root in
            let standard = "[\(root[keyPath: target].map(parser.format).joined(separator: ", "))]"
            let kind = "list, each \(parser.kind)"
            let example = root[keyPath: target].isEmpty ? "[\(parser.example)]" : standard
            return [
                SettingRow(name, kind: kind, standard: defaultText ?? standard, example: example, meaning: meaning)
            ]
        }
    }

    /// A section that always exists, with its defaults.
    static func section<Section>(
        _ name: String, _ target: WritableKeyPath<Root, Section>, _ fields: [SettingField<Section>],
        _ meaning: String
    ) -> SettingField {
        SettingField(name: name) { node, path, root, reader in
            reader.read(node, at: path, into: &root[keyPath: target], by: fields)
        } rows: { root in
            [SettingRow(section: name, meaning)]
                + fields.flatMap { $0.rows(root[keyPath: target]) }.map { $0.inside(name) }
        }
    }

    /// A section whose presence turns something on.
    static func optionalSection<Section>(
        _ name: String, _ target: WritableKeyPath<Root, Section?>, _ standard: Section,
        _ fields: [SettingField<Section>], _ meaning: String
    ) -> SettingField {
        SettingField(name: name) { node, path, root, reader in
            var section = standard
            reader.read(node, at: path, into: &section, by: fields)
            root[keyPath: target] = section
        } rows: { _ in
            [SettingRow(section: name, meaning)] + fields.flatMap { $0.rows(standard) }.map { $0.inside(name) }
        }
    }

    /// A key that somebody may try and that must not be used.
    static func refused(_ name: String, _ reason: String) -> SettingField {
        SettingField(name: name, isRefused: true) { node, path, _, reader in
            reader.report(line: node.line, path: path, reason)
        } rows: { _ in
            []
        }
    }
}

/// A row of the configuration reference.
package struct SettingRow: Hashable, Sendable {
    /// The keys from the root down to this one.
    package let path: [String]
    /// Whether keys stand below it.
    package let isSection: Bool
    /// The kind of value in words; empty for a section.
    package let kind: String
    /// What holds where the key is left out; empty for a section.
    package let standard: String
    /// A right value as it would be written; empty for a section.
    package let example: String
    package let meaning: String

    init(_ name: String, kind: String, standard: String, example: String, meaning: String) {
        self.init(
            path: [name], isSection: false, kind: kind, standard: standard, example: example, meaning: meaning)
    }

    init(section name: String, _ meaning: String) {
        self.init(path: [name], isSection: true, kind: "", standard: "", example: "", meaning: meaning)
    }

    private init(path: [String], isSection: Bool, kind: String, standard: String, example: String, meaning: String) {
        self.path = path
        self.isSection = isSection
        self.kind = kind
        self.standard = standard
        self.example = example
        self.meaning = meaning
    }

    func inside(_ section: String) -> SettingRow {
        SettingRow(
            path: [section] + self.path, isSection: self.isSection, kind: self.kind, standard: self.standard,
            example: self.example, meaning: self.meaning)
    }
}
