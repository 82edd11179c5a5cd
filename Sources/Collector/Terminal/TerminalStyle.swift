/// Whether text may carry colours.
package enum TerminalStyle: Hashable, Sendable {
    case plain
    /// ANSI escape sequences (ECMA-48).
    case ansi

    package enum Emphasis: String, Hashable, Sendable {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// Text with an emphasis, or as it is.
    package func text(_ text: String, _ emphasis: Emphasis?) -> String {
        guard self == .ansi, let emphasis else { return text }
        return "\u{1b}[\(emphasis.rawValue)m\(text)\u{1b}[0m"
    }
}
