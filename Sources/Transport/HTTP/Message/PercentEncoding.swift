/// Percent-encoding of paths and queries (RFC 3986 section 2.1).
package enum PercentEncoding {
    /// Encodes every byte outside `A-Za-z0-9-._~`, so that the result fits a path segment, a query key or a value.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if self.isUnreserved(byte) {
                out.append(byte)
            } else {
                out.append(UInt8(ascii: "%"))
                out.append(self.hexDigits[Int(byte >> 4)])
                out.append(self.hexDigits[Int(byte & 0xF)])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Decodes `%XX`; with `plusIsSpace` also `+`. A `%` without two hex digits stays as it is, bad UTF-8 is repaired.
    package static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                if let high = rest.first.flatMap(hexValue), let low = rest.dropFirst().first.flatMap(hexValue) {
                    out.append(high << 4 | low)
                    rest = rest.dropFirst(2)
                } else {
                    out.append(byte)
                }
            case UInt8(ascii: "+") where plusIsSpace:
                out.append(UInt8(ascii: " "))
            default:
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Splits `a=1&b=two+words` into decoded pairs; a key without `=` gets an empty value, empty parts are skipped.
    package static func decodeQuery(_ query: some Collection<UInt8>) -> [(name: String, value: String)] {
        query.split(separator: UInt8(ascii: "&")).map { part in
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
                return (self.decode(part, plusIsSpace: true), "")
            }
            return (
                self.decode(part[..<equals], plusIsSpace: true),
                self.decode(part[part.index(after: equals)...], plusIsSpace: true)
            )
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}

/// The value of one hexadecimal digit, in either case.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
