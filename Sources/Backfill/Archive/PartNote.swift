/// What is known of a file that is partly there: enough to go on with the same one, and no other.
struct PartNote: Hashable {
    /// What tells one version of a file from another (RFC 9110 section 8.8).
    enum Validator: Hashable {
        /// With its quotes; never a weak one, which `If-Range` may not name (RFC 9110 section 13.1.5).
        case entityTag(String)
        case lastModified(String)

        /// Takes it from an answer's headers; nil where there is none that is strong enough.
        init?(entityTag: String?, lastModified: String?) {
            if let entityTag, entityTag.hasPrefix("\""), entityTag.count > 2 {
                self = .entityTag(entityTag)
            } else if let lastModified, !lastModified.isEmpty {
                self = .lastModified(lastModified)
            } else {
                return nil
            }
        }

        /// As it stands in `If-Range`.
        var header: String {
            switch self {
            case .entityTag(let text), .lastModified(let text): text
            }
        }
    }

    private static let heading = "sluice download 1"

    /// Of the file, without what changes from one asking to the next.
    let identity: String
    let validator: Validator?
    /// Of the whole file; nil until it is known.
    let length: Int?

    init(identity: String, validator: Validator?, length: Int?) {
        self.identity = identity
        self.validator = validator
        self.length = length
    }

    /// Four lines: heading, identity, length, validator.
    var text: String {
        let validator =
            switch self.validator {
            case .entityTag(let text): "etag \(text)"
            case .lastModified(let text): "modified \(text)"
            case nil: "none"
            }
        return "\(Self.heading)\n\(self.identity)\n\(self.length.map { "\($0)" } ?? "-")\n\(validator)\n"
    }

    /// Reads what `text` gives; nil for anything else.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 5, lines[0] == Self.heading, !lines[1].isEmpty, lines[4].isEmpty else { return nil }
        self.identity = String(lines[1])
        let length = Int(lines[2])
        guard lines[2] == "-" || length.map({ $0 >= 0 }) ?? false else { return nil }
        self.length = length
        if lines[3].hasPrefix("etag ") {
            self.validator = .entityTag(String(lines[3].dropFirst(5)))
        } else if lines[3].hasPrefix("modified ") {
            self.validator = .lastModified(String(lines[3].dropFirst(9)))
        } else if lines[3] == "none" {
            self.validator = nil
        } else {
            return nil
        }
    }
}

/// The part of a file that an answer brings: `bytes 100-199/200` (RFC 9110 section 14.4).
struct ContentRange: Hashable {
    let first: Int
    let last: Int
    /// Of the whole file; nil where the server does not know.
    let length: Int?

    /// Nil for what is no range of bytes, and for one that cannot be.
    init?(_ text: String) {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, last >= first,
            last < Int.max
        else { return nil }
        let length = Int(parts[1])
        guard parts[1] == "*" || length.map({ $0 > last }) ?? false else { return nil }
        self.first = first
        self.last = last
        self.length = length
    }
}
