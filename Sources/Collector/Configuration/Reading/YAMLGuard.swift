/// Refuses the parts of YAML that a configuration does not need, before a parser builds anything from them.
///
/// Anchors and aliases (a few lines of them can stand for billions of nodes), tags, block text, and nesting deeper
/// than any setting. What is left can be parsed in memory and stack proportional to the text.
enum YAMLGuard {
    /// Lists and maps in brackets may nest this deep.
    static let bracketLimit = 32
    /// A line's indentation, the dashes of nested lists included, may be this wide.
    static let indentationLimit = 64

    private enum State { case plain, tokenStart, singleQuoted, doubleQuoted, comment }

    /// Gives the first problem of the text, or nil.
    static func problem(in text: String) -> ConfigurationProblem? {
        var scanner = Scanner()
        for byte in text.utf8 {
            if let message = scanner.take(byte) {
                return ConfigurationProblem(place: .line(scanner.line), path: "", message: message)
            }
        }
        return nil
    }

    private struct Scanner {
        var line = 1
        private var state = State.tokenStart
        private var depth = 0
        private var indentation: Int? = 0
        private var previous = UInt8(ascii: "\n")
        private var escaped = false
        private var afterQuotes = false

        /// Moves on by a byte; a text says why the file is refused.
        mutating func take(_ byte: UInt8) -> String? {
            defer {
                self.previous = byte
                if byte == UInt8(ascii: "\n") { self.newLine() }
            }
            if let refused = self.measureIndentation(byte) { return refused }
            switch self.state {
            case .comment:
                return nil
            case .singleQuoted:
                if byte == UInt8(ascii: "'") { self.closeQuotes() }
                return nil
            case .doubleQuoted:
                if self.escaped {
                    self.escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    self.escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    self.closeQuotes()
                }
                return nil
            case .tokenStart:
                return self.takeAtTokenStart(byte)
            case .plain:
                return self.takePlain(byte)
            }
        }

        private mutating func newLine() {
            self.line += 1
            self.indentation = 0
            switch self.state {
            case .singleQuoted, .doubleQuoted: break
            case .plain, .tokenStart, .comment: self.state = .tokenStart
            }
            self.afterQuotes = false
        }

        private mutating func closeQuotes() {
            self.state = .plain
            self.afterQuotes = true
        }

        private mutating func measureIndentation(_ byte: UInt8) -> String? {
            guard let width = self.indentation else { return nil }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"):
                self.indentation = width + 1
                return width < YAMLGuard.indentationLimit ? nil : "nested or indented too deeply"
            default:
                self.indentation = nil
                return nil
            }
        }

        private mutating func takeAtTokenStart(_ byte: UInt8) -> String? {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                return nil
            case UInt8(ascii: "&"), UInt8(ascii: "*"):
                return "anchors and aliases (& and *) are not supported; quote the value if it is text"
            case UInt8(ascii: "!"):
                return "tags (!) are not supported; quote the value if it is text"
            case UInt8(ascii: "|"), UInt8(ascii: ">"):
                return "block text (| and >) is not supported"
            case UInt8(ascii: "'"):
                self.state = .singleQuoted
                return nil
            case UInt8(ascii: "\""):
                self.state = .doubleQuoted
                return nil
            case UInt8(ascii: "#"):
                self.state = .comment
                return nil
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                return self.open()
            default:
                self.state = .plain
                return self.takePlain(byte)
            }
        }

        private mutating func takePlain(_ byte: UInt8) -> String? {
            let afterQuotes = self.afterQuotes
            self.afterQuotes = false
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                self.afterQuotes = afterQuotes
                switch self.previous {
                case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?"): self.state = .tokenStart
                default: break
                }
            case UInt8(ascii: "#") where self.previous == UInt8(ascii: " ") || self.previous == UInt8(ascii: "\t"):
                self.state = .comment
            case UInt8(ascii: ":") where afterQuotes && self.depth > 0:
                self.state = .tokenStart
            case UInt8(ascii: "[") where self.depth > 0, UInt8(ascii: "{") where self.depth > 0:
                return self.open()
            case UInt8(ascii: "]") where self.depth > 0, UInt8(ascii: "}") where self.depth > 0:
                self.depth -= 1
            case UInt8(ascii: ",") where self.depth > 0:
                self.state = .tokenStart
            default:
                break
            }
            return nil
        }

        private mutating func open() -> String? {
            self.depth += 1
            self.state = .tokenStart
            return self.depth <= YAMLGuard.bracketLimit ? nil : "nested too deeply"
        }
    }
}
