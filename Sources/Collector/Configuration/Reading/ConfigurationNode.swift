import Yams

/// A parsed YAML value with its line, in the three shapes that a configuration knows.
struct ConfigurationNode {
    enum Value {
        /// Nothing after the key, `~` or `null`.
        case nothing
        /// The text as written, without quotes: nothing has been made a number or a truth value yet.
        case text(String)
        case list([ConfigurationNode])
        case map([Entry])
    }

    struct Entry {
        let key: String
        let line: Int
        let value: ConfigurationNode
    }

    let value: Value
    let line: Int

    /// Parses a whole file; an empty one is an empty map.
    static func parse(_ text: String) throws(ConfigurationProblem) -> ConfigurationNode {
        if let problem = YAMLGuard.problem(in: text) { throw problem }
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw Self.problem(of: error)
        } catch {
            throw ConfigurationProblem(place: .file, path: "", message: "not YAML")
        }
        guard let root else { return ConfigurationNode(value: .nothing, line: 1) }
        return try Self.node(root, line: 1)
    }

    private static func node(_ node: Node, line above: Int) throws(ConfigurationProblem) -> ConfigurationNode {
        let line = node.mark?.line ?? above
        switch node {
        case .scalar(let scalar):
            let isNothing = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return ConfigurationNode(value: isNothing ? .nothing : .text(scalar.string), line: line)
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            for item in sequence { items.append(try Self.node(item, line: line)) }
            return ConfigurationNode(value: .list(items), line: line)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard case .scalar(let name) = key else {
                    throw ConfigurationProblem(place: .line(keyLine), path: "", message: "a key must be plain text")
                }
                entries.append(Entry(key: name.string, line: keyLine, value: try Self.node(value, line: keyLine)))
            }
            return ConfigurationNode(value: .map(entries), line: line)
        case .alias:
            throw ConfigurationProblem(place: .line(line), path: "", message: "aliases (*) are not supported")
        }
    }

    /// Words the parser's error without the file's text, which may hold what must not be printed.
    private static func problem(of error: YamlError) -> ConfigurationProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationProblem(
                place: .line(max(1, mark.line)), path: "", message: "not YAML: \(TerminalText.escaped(problem))")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.prefix(8).map { TerminalText.escaped($0, limit: 64) }.joined(separator: ", ")
            return ConfigurationProblem(
                place: .line(max(1, context.mark.line)), path: "", message: "key given more than once: \(names)")
        case .reader(let problem, _, _, _):
            return ConfigurationProblem(
                place: .file, path: "", message: "not YAML: \(TerminalText.escaped(problem))")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return ConfigurationProblem(place: .file, path: "", message: "not YAML")
        }
    }
}

extension ConfigurationNode {
    /// The value's shape in words, for messages.
    var shape: String {
        switch self.value {
        case .nothing: "nothing"
        case .text(let text): "\"\(TerminalText.escaped(text, limit: 64))\""
        case .list: "a list"
        case .map: "a section"
        }
    }
}
