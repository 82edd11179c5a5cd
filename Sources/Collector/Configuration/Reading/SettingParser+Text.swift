extension SettingParser where Value == String {
    /// A path of a file or folder, kept as written; relative ones count from the working directory.
    static var path: SettingParser<String> {
        SettingParser(kind: "path", example: "./data") { text throws(SettingRefusal) in
            guard !text.isEmpty, text.utf8.count <= 4_096, TerminalText.escaped(text) == text else {
                throw SettingRefusal("a path without control characters")
            }
            return text
        } format: {
            $0
        }
    }

    /// Letters, digits and `._-`.
    static func name(upTo limit: Int) -> SettingParser<String> {
        let kind = "name of 1 to \(limit) letters, digits and . _ -"
        return SettingParser(kind: kind, example: "sluice-1") { text throws(SettingRefusal) in
            guard (1...limit).contains(text.utf8.count), text.utf8.allSatisfy(Self.isNameByte) else {
                let nearest = String(decoding: text.utf8.filter(Self.isNameByte).prefix(limit), as: UTF8.self)
                throw SettingRefusal(kind, nearest: nearest.isEmpty ? nil : nearest)
            }
            return text
        } format: {
            $0
        }
    }

    /// A stream's name: letters, digits, `_` and `-`, no points, as NATS has it.
    static var streamName: SettingParser<String> {
        let kind = "name of 1 to 64 letters, digits and _ -"
        return SettingParser(kind: kind, example: "MARKET_DATA") { text throws(SettingRefusal) in
            let isName = text.utf8.allSatisfy { Self.isNameByte($0) && $0 != UInt8(ascii: ".") }
            guard (1...64).contains(text.utf8.count), isName else { throw SettingRefusal(kind) }
            return text
        } format: {
            $0
        }
    }

    /// What stands in front of every subject: nothing, or tokens of letters, digits, `_` and `-` with points between.
    static var subjectPrefix: SettingParser<String> {
        let kind = "empty, or letters, digits, _ and - in tokens separated by points"
        return SettingParser(kind: kind, example: "md") { text throws(SettingRefusal) in
            if text.isEmpty { return text }
            let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
            let areTokens = tokens.allSatisfy { token in
                !token.isEmpty && token.utf8.allSatisfy(Self.isNameByte)
            }
            guard areTokens, text.utf8.count <= 128 else {
                let bytes = text.utf8.filter(Self.isNameByte)
                let kept = bytes.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
                throw SettingRefusal(kind, nearest: kept.isEmpty ? nil : kept.joined(separator: "."))
            }
            return text
        } format: {
            $0.isEmpty ? "\"\"" : $0
        }
    }

    /// A venue's symbol in the venue's own spelling; it need not be ASCII.
    ///
    /// - Parameters:
    ///   - isUppercase: Whether the venue's symbols have no lower-case letters.
    ///   - allowsPattern: Whether `*` may stand for any run of characters.
    static func symbol(
        example: String, isUppercase: Bool = true, allowsPattern: Bool = false
    ) -> SettingParser<String> {
        let kind = "symbol as the venue spells it, such as \(example)"
        return SettingParser(kind: kind, example: example) { text throws(SettingRefusal) in
            let forbidden = "@/,?&#%!*\"'\\{}[]<>|:; "
            let isPlain =
                TerminalText.escaped(text) == text
                && !text.contains { forbidden.contains($0) && !($0 == "*" && allowsPattern) }
            guard (1...64).contains(text.utf8.count), isPlain, !text.contains(where: \.isWhitespace) else {
                throw SettingRefusal(kind)
            }
            guard !isUppercase || text.uppercased() == text else {
                throw SettingRefusal(kind, nearest: text.uppercased())
            }
            return text
        } format: {
            $0
        }
    }

    /// A name of a user, any printable text.
    static var userName: SettingParser<String> {
        SettingParser(kind: "text", example: "sluice") { text throws(SettingRefusal) in
            guard (1...256).contains(text.utf8.count), TerminalText.escaped(text) == text else {
                throw SettingRefusal("text without control characters")
            }
            return text
        } format: {
            $0
        }
    }

    fileprivate static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension SettingParser where Value == HostPort {
    static var hostPort: SettingParser<HostPort> {
        SettingParser(kind: "host:port", example: "127.0.0.1:8080") { text throws(SettingRefusal) in
            guard let address = HostPort(text: text) else {
                throw SettingRefusal("host:port, such as 127.0.0.1:8080 or [::1]:8080")
            }
            return address
        } format: {
            $0.description
        }
    }
}

extension SettingParser where Value == Endpoint {
    static func endpoint(_ schemes: [Endpoint.Scheme], example: String) -> SettingParser<Endpoint> {
        let names = schemes.map { "\($0.rawValue)://" }.joined(separator: " or ")
        return SettingParser(kind: "address, \(names)", example: example) { text throws(SettingRefusal) in
            guard let endpoint = Endpoint(text: text, schemes: schemes) else {
                throw SettingRefusal("an address with \(names), without user and query, such as \(example)")
            }
            return endpoint
        } format: {
            $0.description
        }
    }
}

extension SettingParser where Value == ServerAddress {
    static var server: SettingParser<ServerAddress> {
        SettingParser(kind: "nats:// or tls:// address", example: "nats://127.0.0.1:4222") {
            text throws(SettingRefusal) in
            guard let parsed = ServerAddress.parse(text) else {
                throw SettingRefusal("a server's address, such as nats://127.0.0.1:4222 or tls://nats.example.com")
            }
            guard parsed.password == nil else {
                throw SettingRefusal(
                    "an address without user and password; those come from nats.user with nats.password_file, or "
                        + "SLUICE_NATS_USER with SLUICE_NATS_PASSWORD")
            }
            return parsed.server
        } format: {
            $0.description
        }
    }
}
