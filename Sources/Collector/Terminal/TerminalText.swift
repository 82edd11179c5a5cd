/// Makes text from outside safe to print, and counts its columns.
package enum TerminalText {
    /// Replaces what could steer a terminal or hide text by `\u{…}`: control characters, line and paragraph
    /// separators, directional and invisible marks, private characters.
    ///
    /// - Parameter limit: The most characters of `text` to look at; `…` stands for the rest.
    package static func escaped(_ text: String, limit: Int = 4_096) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit {
                result += "…"
                break
            }
            count += 1
            if Self.isUnsafe(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The columns that `text` takes, wide East Asian characters as two and combining marks as none.
    package static func width(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + Self.width(of: $1) }
    }

    /// Cuts `text` to `columns`, its last character then being `…`.
    package static func truncated(_ text: String, to columns: Int) -> String {
        guard columns > 0 else { return "" }
        guard Self.width(of: text) > columns else { return text }
        var result = ""
        var used = 0
        for scalar in text.unicodeScalars {
            let width = Self.width(of: scalar)
            guard used + width <= columns - 1 else { break }
            result.unicodeScalars.append(scalar)
            used += width
        }
        return result + "…"
    }

    /// Cuts or fills `text` to exactly `columns`; `right` puts the blanks in front.
    package static func fitted(_ text: String, to columns: Int, right: Bool = false) -> String {
        let cut = Self.truncated(text, to: columns)
        let blanks = String(repeating: " ", count: max(0, columns - Self.width(of: cut)))
        return right ? blanks + cut : cut + blanks
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        // East Asian wide and full-width blocks (Unicode Standard Annex #11), and emoji.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}
