extension Configuration {
    /// A row for every section and key, in the order of the reference.
    package static var rows: [SettingRow] {
        let standard = Configuration(instance: "")
        return Self.fields.flatMap { $0.rows(standard) }
    }

    /// The path of every key and section.
    static var knownPaths: [String] {
        Self.rows.map { $0.path.joined(separator: ".") }
    }

    /// The tables of `docs/configuration.md`.
    package static var reference: String {
        var sections: [(path: [String], meaning: String, keys: [SettingRow])] = [([], "", [])]
        for row in Self.rows {
            if row.isSection {
                sections.append((row.path, row.meaning, []))
            } else if let index = sections.firstIndex(where: { $0.path == Array(row.path.dropLast()) }) {
                sections[index].keys.append(row)
            }
        }
        var lines: [String] = []
        for section in sections {
            lines.append(section.path.isEmpty ? "### Top level" : "### `\(section.path.joined(separator: "."))`")
            lines.append("")
            if !section.meaning.isEmpty { lines += [section.meaning, ""] }
            guard !section.keys.isEmpty else { continue }
            lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
            for key in section.keys {
                let name = key.path.last ?? ""
                lines.append("| `\(name)` | \(key.kind) | `\(key.standard)` | \(key.meaning) |")
            }
            lines.append("")
        }
        lines += ["### Environment", "", "| variable | overrides |", "|---|---|"]
        for variable in Self.environmentVariables { lines.append("| `\(variable.name)` | \(variable.meaning) |") }
        return lines.joined(separator: "\n") + "\n"
    }
}
