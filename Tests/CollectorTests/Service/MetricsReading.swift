/// A page of metrics as a strict reader of the text format takes it.
///
/// Format: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
struct MetricsReading {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    struct Family {
        let kind: String
        /// By series: the name as it stands and its labels, sorted.
        var values: [String: Double] = [:]
        /// The names of labels that each series has, `le` aside.
        var labels: Set<Set<String>> = []
    }

    private(set) var families: [String: Family] = [:]

    init(_ page: String) throws(Malformed) {
        guard page.hasSuffix("\n") else { throw Malformed(description: "the last line does not end") }
        var helped: Set<Substring> = []
        for line in page.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3)
            switch (words.first, words.dropFirst().first) {
            case ("#", "HELP") where words.count == 4:
                guard helped.insert(words[2]).inserted else { throw Malformed(description: "twice: \(line)") }
            case ("#", "TYPE") where words.count == 4:
                guard helped.contains(words[2]), self.families[String(words[2])] == nil,
                    ["counter", "gauge", "histogram"].contains(words[3])
                else { throw Malformed(description: "\(line)") }
                self.families[String(words[2])] = Family(kind: String(words[3]))
            default: try self.takeSample(line)
            }
        }
    }

    /// The value of one series; nil when there is none.
    subscript(_ name: String, _ labels: KeyValuePairs<String, String>) -> Double? {
        let key = Self.key(name, labels.map { ($0.key, $0.value) })
        return self.families[Self.family(of: name, in: self.families)]?.values[key]
    }

    /// Every value of a family whose series carries a label.
    func values(_ family: String, where label: String, is value: String) -> [Double] {
        (self.families[family]?.values ?? [:]).filter { $0.key.contains("\(label)=\"\(value)\"") }.map(\.value)
    }

    private mutating func takeSample(_ line: Substring) throws(Malformed) {
        guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
            throw Malformed(description: "no value: \(line)")
        }
        let head = line[..<space]
        let name = String(head.prefix { $0 != "{" })
        let labels = try Self.labels(head.dropFirst(name.count))
        let place = Self.family(of: name, in: self.families)
        guard var family = self.families[place] else { throw Malformed(description: "no type: \(line)") }
        guard (family.kind == "histogram") == (place != name) else { throw Malformed(description: "\(line)") }
        let old = family.values.updateValue(value, forKey: Self.key(name, labels))
        guard old == nil else { throw Malformed(description: "twice: \(line)") }
        family.labels.insert(Set(labels.map(\.0)).subtracting(["le"]))
        self.families[place] = family
    }

    private static func family(of name: String, in families: [String: Family]) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let stem = String(name.dropLast(suffix.count))
            if families[stem]?.kind == "histogram" { return stem }
        }
        return name
    }

    /// Label values of the service hold neither quotes nor backslashes, so the reader refuses both.
    private static func labels(_ text: Substring) throws(Malformed) -> [(String, String)] {
        guard !text.isEmpty else { return [] }
        guard text.first == "{", text.last == "}", !text.contains("\\") else {
            throw Malformed(description: "labels: \(text)")
        }
        var labels: [(String, String)] = []
        for pair in text.dropFirst().dropLast().split(separator: "\",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=\"", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Malformed(description: "labels: \(text)") }
            let value = parts[1].last == "\"" ? parts[1].dropLast() : parts[1]
            labels.append((String(parts[0]), String(value)))
        }
        return labels
    }

    private static func key(_ name: String, _ labels: [(String, String)]) -> String {
        name + labels.map { "{\($0.0)=\"\($0.1)\"}" }.sorted().joined()
    }
}
