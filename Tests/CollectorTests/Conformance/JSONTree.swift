/// JSON text as a tree whose numbers and texts keep their bytes, to be written again with something changed.
indirect enum JSONTree: Equatable {
    /// A number, a text with its quotes, or a word.
    case token(String)
    case array([JSONTree])
    case object([(key: String, value: JSONTree)])

    /// Reads JSON; nil for anything else.
    init?(_ text: String) {
        var reader = Reader(bytes: Array(text.utf8))
        guard let tree = reader.value(), reader.isAtEnd else { return nil }
        self = tree
    }

    static func == (left: JSONTree, right: JSONTree) -> Bool { left.text == right.text }

    var text: String {
        switch self {
        case .token(let text): text
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map { "\($0.key):\($0.value.text)" }.joined(separator: ",") + "}"
        }
    }

    /// The value of a member of an object.
    subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == "\"\(key)\"" }?.value
    }

    /// The same tree with every object's members changed.
    func mapObjects(_ change: ([(key: String, value: JSONTree)]) -> [(key: String, value: JSONTree)]) -> JSONTree {
        switch self {
        case .token: self
        case .array(let elements): .array(elements.map { $0.mapObjects(change) })
        case .object(let members): .object(change(members.map { ($0.key, $0.value.mapObjects(change)) }))
        }
    }

    /// Every tree that has one value, at whatever place, changed into one of another type.
    var withWrongTypes: [JSONTree] {
        var changed = self.otherTypes
        switch self {
        case .token: break
        case .array(let elements):
            for index in elements.indices {
                for other in elements[index].withWrongTypes {
                    var copy = elements
                    copy[index] = other
                    changed.append(.array(copy))
                }
            }
        case .object(let members):
            for index in members.indices {
                for other in members[index].value.withWrongTypes {
                    var copy = members
                    copy[index].value = other
                    changed.append(.object(copy))
                }
            }
        }
        return changed
    }

    private var otherTypes: [JSONTree] {
        let empty: [JSONTree] = [.token("null"), .array([]), .object([])]
        switch self {
        case .token(let text) where text.hasPrefix("\""):
            return empty + [.token("77"), .token("-1.5"), .token("true")]
        case .token("true"), .token("false"):
            return empty + [.token("1"), .token("\"true\"")]
        case .token:
            return empty + [.token("\"x\""), .token("\"\""), .token("true")]
        case .array:
            return [.token("null"), .object([]), .token("77"), .token("\"x\""), .token("true")]
        case .object:
            return [.token("null"), .array([]), .token("77"), .token("\"x\""), .token("true")]
        }
    }

    /// Walks over JSON that is known to be well formed but for its end.
    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        var isAtEnd: Bool { self.index == self.bytes.count }

        mutating func take(_ character: Character) -> Bool {
            guard self.index < self.bytes.count, self.bytes[self.index] == character.asciiValue else { return false }
            self.index += 1
            return true
        }

        mutating func value() -> JSONTree? {
            if self.take("[") {
                var elements: [JSONTree] = []
                if self.take("]") { return .array(elements) }
                repeat {
                    guard let element = self.value() else { return nil }
                    elements.append(element)
                } while self.take(",")
                return self.take("]") ? .array(elements) : nil
            }
            if self.take("{") {
                var members: [(key: String, value: JSONTree)] = []
                if self.take("}") { return .object(members) }
                repeat {
                    guard let key = self.token(), self.take(":"), let value = self.value() else { return nil }
                    members.append((key, value))
                } while self.take(",")
                return self.take("}") ? .object(members) : nil
            }
            return self.token().map { .token($0) }
        }

        private mutating func token() -> String? {
            let start = self.index
            if self.take("\"") {
                while self.index < self.bytes.count, !self.take("\"") {
                    self.index += self.bytes[self.index] == UInt8(ascii: "\\") ? 2 : 1
                }
            } else {
                let ends = Array(",]}:[{ \"".utf8)
                while self.index < self.bytes.count, !ends.contains(self.bytes[self.index]) { self.index += 1 }
            }
            guard self.index > start, self.index <= self.bytes.count else { return nil }
            return String(decoding: self.bytes[start..<self.index], as: UTF8.self)
        }
    }
}
