/// Finds the first value of a header, comparing names without regard to ASCII case.
///
/// Header names are ASCII tokens (RFC 9110 section 5.1), so no other case folding applies.
func firstValue(_ name: String, in headers: [(name: String, value: String)]) -> String? {
    headers.first { equalsIgnoringCase($0.name, name) }?.value
}

/// Compares two ASCII texts without regard to case; bytes outside A–Z compare as they are.
func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

/// Answers whether a comma-separated header value such as `Connection: keep-alive, Upgrade` names `token`.
func listContains(_ token: String, in value: String?) -> Bool {
    guard let value else { return false }
    return value.split(separator: ",").contains { equalsIgnoringCase(trimmed($0), token) }
}

/// Removes spaces and tabs on both sides (RFC 9110 section 5.6.3, OWS).
func trimmed(_ text: Substring) -> String {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard let first = text.utf8.firstIndex(where: { !isBlank($0) }),
        let last = text.utf8.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(text[first...last])
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

/// Answers whether `value` may stand in a header or a request line: no control bytes, so nothing can be smuggled in.
func isSafeFieldValue(_ value: String) -> Bool {
    value.utf8.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }
}

/// Answers whether `name` is a token (RFC 9110 section 5.6.2).
func isToken(_ name: some Collection<UInt8>) -> Bool {
    !name.isEmpty && name.allSatisfy(isTokenByte)
}

private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
        UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default:
        false
    }
}
