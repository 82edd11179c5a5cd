import MarketModel
import Venues

/// A section and a kind of data that it offers.
struct MatrixCell: Hashable, CustomStringConvertible {
    let section: SegmentID
    let type: DataType

    var description: String { "\(self.section) \(self.type.rawValue)" }

    /// Every one of the catalog.
    static let all = VenueCatalog.segments.flatMap { segment in
        segment.offeredTypes.map { Self(section: segment.id, type: $0) }
    }
}

/// A message's fields as plain text: `null`, numbers and truths as they stand, texts without their quotes.
///
/// Left out is what is the service's own: its names, numbers and clock.
struct MatrixMessage: Hashable, CustomStringConvertible {
    private(set) var fields: [String: String]

    init(_ fields: [String: String]) { self.fields = fields }

    /// What was published; nil for something that is no flat object.
    init?(_ message: ExactJSON) {
        var fields: [String: String] = [:]
        for (key, value) in message.members where !Self.ownKeys.contains(key) {
            guard let plain = value.plain else { return nil }
            fields[key] = plain
        }
        self.fields = fields
    }

    private static let ownKeys: Set = ["v", "type", "venue", "instance", "boot", "n", "received_us"]

    subscript(key: String) -> String? { self.fields[key] }

    func with(_ key: String, _ value: String) -> Self {
        var copy = self
        copy.fields[key] = value
        return copy
    }

    var description: String {
        self.fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
