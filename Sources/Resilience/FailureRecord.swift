/// One failed attempt, or one request that was not let go.
package struct FailureRecord: Hashable, Sendable {
    /// A longer detail is cut.
    package static let detailBytesMaximum = 256
    package static let endpointBytesMaximum = 128

    /// Since an origin of the keeper's choice.
    package let time: Duration
    /// The path, without parameters.
    package let endpoint: String
    package let failureClass: FailureClass
    package let detail: String

    package init(time: Duration, endpoint: String, failureClass: FailureClass, detail: String) {
        self.time = time
        self.endpoint = Self.cut(endpoint, bytes: Self.endpointBytesMaximum)
        self.failureClass = failureClass
        self.detail = Self.cut(detail, bytes: Self.detailBytesMaximum)
    }

    /// The longest prefix of whole characters in so many bytes of UTF-8.
    private static func cut(_ text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: bytes)
        while end > text.startIndex, end.samePosition(in: text) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
