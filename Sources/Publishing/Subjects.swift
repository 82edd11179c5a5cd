/// Builds subjects: `<prefix>.<type>.<venue>.<market>.<symbol>`, without the prefix and its point when it is empty.
package struct Subjects: Sendable, Equatable {
    /// What stands before the type, without a point at its end; may hold several tokens, or none.
    package let prefix: String

    /// Makes subjects under `prefix`; points at either end are taken off.
    package init(prefix: String = "md") {
        var bytes = Substring(prefix)
        while bytes.hasSuffix(".") { bytes.removeLast() }
        while bytes.hasPrefix(".") { bytes.removeFirst() }
        self.prefix = String(bytes)
    }

    /// Makes the subject of a message; a token that does not apply is `nil` and becomes `_`.
    package func subject(_ type: MessageType, venue: String?, market: String?, symbol: String?) -> String {
        [Self.token(venue), Self.token(market), Self.token(symbol)].reduce(self.root(type)) { $0 + "." + $1 }
    }

    /// Makes the subject on which a connection's state is told: the slot is `conn-<slot>` behind an underscore.
    package func connection(_ slot: String, venue: String, market: String?) -> String {
        self.root(.status) + "." + Self.token(venue) + "." + Self.token(market) + "._conn-" + Self.escaped(slot)
    }

    /// What the subjects of a type begin with.
    package func prefix(of type: MessageType) -> String { self.root(type) + "." }

    package func heartbeat(instance: String) -> String {
        self.subject(.heartbeat, venue: nil, market: nil, symbol: instance)
    }

    /// Makes the subject on which losses of `gap` are told.
    package func gap(_ gap: GapSubject) -> String {
        self.subject(.gap, venue: gap.venue, market: gap.market, symbol: gap.symbol)
    }

    /// Reads what a subject of ours is about: the tokens behind prefix and type, `_` being what does not apply.
    package func gapSubject(of subject: UnsafeRawBufferPointer) -> GapSubject {
        let skipped = (self.prefix.isEmpty ? 0 : self.prefix.utf8.count { $0 == UInt8(ascii: ".") } + 1) + 1
        let tokens = subject.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).dropFirst(skipped)
        let names = tokens.map { Self.unescaped(UnsafeRawBufferPointer(rebasing: $0)) }
        func name(_ index: Int) -> String? { index < names.count && names[index] != "_" ? names[index] : nil }
        return GapSubject(venue: name(0), market: name(1), symbol: name(2))
    }

    private static func unescaped(_ token: UnsafeRawBufferPointer) -> String {
        func digit(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) } }
        var bytes: [UInt8] = []
        var index = 0
        while index < token.count {
            if token[index] == UInt8(ascii: "%"), index + 2 < token.count, let high = digit(token[index + 1]),
                let low = digit(token[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(token[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Makes the filter that matches every subject of `type`.
    package func filter(_ type: MessageType) -> String { self.root(type) + ".>" }

    /// The subjects of messages of the past.
    package var history: Subjects { Subjects(prefix: self.prefix + ".history") }

    /// The filter that matches all of them.
    package var everything: String { self.prefix.isEmpty ? ">" : self.prefix + ".>" }

    /// Makes the filter that matches the subjects of `type` of one market.
    func filter(_ type: MessageType, venue: String?, market: String?) -> String {
        self.root(type) + "." + Self.token(venue) + "." + Self.token(market) + ".*"
    }

    /// Makes the subject of `type` without venue, market and symbol.
    private func root(_ type: MessageType) -> String {
        self.prefix.isEmpty ? "\(type.token)" : "\(self.prefix).\(type.token)"
    }

    /// Makes one token: `_` for what does not apply or is empty.
    package static func token(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "_" }
        return Self.escaped(text)
    }

    /// Percent-encodes every byte outside `[A-Za-z0-9_-]`, which leaves no point, space or wildcard.
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
