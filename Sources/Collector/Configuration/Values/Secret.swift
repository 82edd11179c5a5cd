/// A password or token that cannot be printed by accident.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The largest file of a secret, in bytes.
    package static let fileLimit = 64 * 1024

    /// The text itself: only for the library that sends it.
    package let revealed: String

    package init(_ text: String) {
        self.revealed = text
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Reads a secret's file, without the line break at its end.
    static func read(_ path: String) throws(ConfigurationText.ReadError) -> Secret {
        var text = try ConfigurationText.read(path, limit: Self.fileLimit)
        while text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw ConfigurationText.ReadError("empty") }
        return Secret(text)
    }
}
