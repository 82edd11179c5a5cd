package import Foundation

/// A published message as a reader needs it: fields by name, numbers as text.
///
/// For people only, off the frame path; what it cannot read it says instead of trapping.
package struct TailMessage {
    /// A larger payload is not parsed.
    package static let limit = 8 * 1024 * 1024

    private let fields: [String: Any]

    /// Parses one message; nil for anything but a JSON object.
    package init?(payload: Data) {
        guard payload.count <= Self.limit, let object = try? JSONSerialization.jsonObject(with: payload) else {
            return nil
        }
        guard let fields = object as? [String: Any] else { return nil }
        self.fields = fields
    }

    /// A text or whole number as text that is safe to print; nil for null and for what is neither.
    func text(_ name: String) -> String? {
        Self.text(of: self.fields[name])
    }

    func flag(_ name: String) -> Bool {
        (self.fields[name] as? Bool) ?? false
    }

    func number(_ name: String) -> Int64? {
        (self.fields[name] as? NSNumber)?.int64Value
    }

    /// The fields of an object inside, by name.
    func counts(_ name: String) -> [String: String] {
        guard let object = self.fields[name] as? [String: Any] else { return [:] }
        return object.compactMapValues(Self.text)
    }

    /// A side of a book, best first; entries that are no pair of texts are left out.
    func levels(_ name: String) -> [(price: String, size: String)] {
        guard let list = self.fields[name] as? [Any] else { return [] }
        return list.compactMap { entry in
            guard let pair = entry as? [Any], pair.count == 2 else { return nil }
            guard let price = Self.text(of: pair[0]), let size = Self.text(of: pair[1]) else { return nil }
            return (price, size)
        }
    }

    private static func text(of value: Any?) -> String? {
        switch value {
        case let text as String: TerminalText.escaped(text, limit: 256)
        case let number as NSNumber: TerminalText.escaped(number.stringValue, limit: 64)
        default: nil
        }
    }
}
