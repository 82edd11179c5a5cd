/// What reading a configuration has found so far.
struct SettingReader {
    /// At most `ConfigurationError.limit`, the rest only counted.
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var omitted = 0
    /// The line of each setting that the file gives, by path; items of lists as `symbols[0]`.
    private(set) var lines: [String: Int] = [:]
    /// Every path that a configuration may have, to say where a misplaced key belongs.
    let knownPaths: [String]

    init(knownPaths: [String]) {
        self.knownPaths = knownPaths
    }

    mutating func report(_ problem: ConfigurationProblem) {
        if self.problems.count < ConfigurationError.limit {
            self.problems.append(problem)
        } else {
            self.omitted += 1
        }
    }

    mutating func report(line: Int, path: String, _ message: String) {
        self.report(ConfigurationProblem(place: .line(line), path: path, message: message))
    }

    /// Reports a wrong value at the line of `path`, or of the nearest section above that the file has.
    mutating func report(at path: String, _ message: String) {
        var place = path
        while self.lines[place] == nil, let point = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
            place = String(place[..<point])
        }
        let line = self.lines[place]
        self.report(ConfigurationProblem(place: line.map { .line($0) } ?? .file, path: path, message: message))
    }

    mutating func note(line: Int, of path: String) {
        self.lines[path] = line
    }

    /// Reads one text by a parser, or reports and gives nil.
    mutating func value<Value>(
        _ node: ConfigurationNode, at path: String, by parser: SettingParser<Value>
    ) -> Value? {
        guard case .text(let text) = node.value else {
            self.report(line: node.line, path: path, "expected \(parser.kind), found \(node.shape)")
            return nil
        }
        do {
            return try parser.parse(text)
        } catch {
            // The text of an address may hold a password: it is not repeated.
            let found = text.contains("@") ? "" : ", found \(node.shape)"
            let advice = error.nearest.map { "; did you mean \(TerminalText.escaped($0, limit: 80))?" } ?? ""
            self.report(line: node.line, path: path, "expected \(error.expected)\(found)\(advice)")
            return nil
        }
    }

    /// Reads a section: every key by its field, an unknown key refused.
    mutating func read<Root>(
        _ node: ConfigurationNode, at path: String, into root: inout Root, by fields: [SettingField<Root>]
    ) {
        let entries: [ConfigurationNode.Entry]
        switch node.value {
        case .nothing: return
        case .map(let found): entries = found
        case .text, .list:
            let keys = fields.filter { !$0.isRefused }.map(\.name).joined(separator: ", ")
            let name = path.isEmpty ? "the file" : path
            self.report(line: node.line, path: "", "\(name) is a section with keys (\(keys)), found \(node.shape)")
            return
        }
        for entry in entries {
            let entryPath = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            guard let field = fields.first(where: { $0.name == entry.key }) else {
                self.reportUnknown(entry, in: path, among: fields.filter { !$0.isRefused }.map(\.name))
                continue
            }
            self.note(line: entry.line, of: entryPath)
            field.read(entry.value, entryPath, &root, &self)
        }
    }

    private mutating func reportUnknown(_ entry: ConfigurationNode.Entry, in path: String, among names: [String]) {
        let key = TerminalText.escaped(entry.key, limit: 64)
        let elsewhere = self.knownPaths.filter { $0.hasSuffix(".\(entry.key)") || $0 == entry.key }
        let advice =
            if NearestName.find(entry.key, among: names) == nil, let place = elsewhere.first {
                "did you mean \(place)?"
            } else {
                NearestName.advice(for: entry.key, among: names)
            }
        self.report(line: entry.line, path: path, "unknown key \(key); \(advice)")
    }
}
