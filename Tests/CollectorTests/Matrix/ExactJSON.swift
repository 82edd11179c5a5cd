/// A JSON value whose numbers stay the text that they are written as.
///
/// Foundation reads a bare number as a `Double`; here the digits count.
indirect enum ExactJSON: Hashable {
    case object([String: ExactJSON])
    case list([ExactJSON])
    case text(String)
    /// A number, `true`, `false` or `null`, as it stands.
    case bare(String)

    /// Reads a text; nil for one that is no JSON value.
    init?(_ bytes: some Sequence<UInt8>) {
        var scanner = JSONScanner(bytes: Array(bytes))
        guard let value = scanner.value() else { return nil }
        self = value
    }

    subscript(key: String) -> ExactJSON? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    subscript(index: Int) -> ExactJSON? {
        if case .list(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    var elements: [ExactJSON] {
        if case .list(let elements) = self { elements } else { [] }
    }

    var members: [String: ExactJSON] {
        if case .object(let members) = self { members } else { [:] }
    }

    /// What stands there: a text without its quotes, anything else of one piece as it is written.
    var plain: String? {
        switch self {
        case .text(let text), .bare(let text): text
        case .object, .list: nil
        }
    }

    /// A number without zeros that say nothing, `61737.0` and `061737.00` being `61737`; nil for anything else.
    var decimal: String? { self.plain.flatMap(Self.canonical) }

    static func canonical(_ text: String) -> String? {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts.contains(where: \.isEmpty),
            parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } })
        else { return nil }
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count == 2 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        let digits = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
        return isNegative && digits != "0" ? "-\(digits)" : String(digits)
    }
}

/// Reads JSON, of which it takes more than the rules allow: what it reads was written by the simulator and the service.
private struct JSONScanner {
    let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func value() -> ExactJSON? {
        switch self.peek() {
        case UInt8(ascii: "{"): return self.object()
        case UInt8(ascii: "["): return self.list()
        case UInt8(ascii: "\""): return self.text().map { .text($0) }
        case nil: return nil
        default: return self.bare()
        }
    }

    private mutating func peek() -> UInt8? {
        while self.index < self.bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(self.bytes[self.index]) {
            self.index += 1
        }
        return self.index < self.bytes.count ? self.bytes[self.index] : nil
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard self.peek() == byte.asciiValue else { return false }
        self.index += 1
        return true
    }

    private mutating func object() -> ExactJSON? {
        guard self.take("{") else { return nil }
        var members: [String: ExactJSON] = [:]
        if self.take("}") { return .object(members) }
        repeat {
            guard let key = self.text(), self.take(":"), let value = self.value() else { return nil }
            members[key] = value
        } while self.take(",")
        return self.take("}") ? .object(members) : nil
    }

    private mutating func list() -> ExactJSON? {
        guard self.take("[") else { return nil }
        var elements: [ExactJSON] = []
        if self.take("]") { return .list(elements) }
        repeat {
            guard let value = self.value() else { return nil }
            elements.append(value)
        } while self.take(",")
        return self.take("]") ? .list(elements) : nil
    }

    /// A text without escapes, which neither side writes here.
    private mutating func text() -> String? {
        guard self.take("\"") else { return nil }
        let start = self.index
        while self.index < self.bytes.count, self.bytes[self.index] != UInt8(ascii: "\"") { self.index += 1 }
        guard self.index < self.bytes.count else { return nil }
        defer { self.index += 1 }
        return String(decoding: self.bytes[start..<self.index], as: UTF8.self)
    }

    private mutating func bare() -> ExactJSON? {
        let start = self.index
        while self.index < self.bytes.count, !",]} \n\t\r".utf8.contains(self.bytes[self.index]) { self.index += 1 }
        return self.index > start ? .bare(String(decoding: self.bytes[start..<self.index], as: UTF8.self)) : nil
    }
}
