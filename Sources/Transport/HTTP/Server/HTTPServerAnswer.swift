/// An answer on its way out: its head, and how its body goes.
struct HTTPServerAnswer {
    /// How often a part of a slow body is sent.
    static let sliceInterval = Duration.milliseconds(20)

    let head: [UInt8]
    /// Whether the connection takes another request afterwards.
    let keepsConnection: Bool
    let isSlow: Bool
    private var rest: ArraySlice<UInt8>
    private let sliceBytes: Int

    init(_ response: HTTPResponse, keepAlive: Bool, hidesBody: Bool) {
        let sends = hidesBody || response.status == 204 || response.status == 304 ? [] : response.body[...]
        let limit = max(0, response.truncateBodyAt ?? .max)
        let isTruncated = limit < sends.count
        self.rest = sends.prefix(limit)
        self.keepsConnection = keepAlive && !isTruncated
        self.head = response.encodedHead(keepAlive: keepAlive)
        self.isSlow = response.bodyBytesPerSecond != nil
        // Fifty parts a second.
        self.sliceBytes = max(1, (response.bodyBytesPerSecond ?? 0) / 50)
    }

    var isEmpty: Bool { self.rest.isEmpty }

    mutating func takeAll() -> ArraySlice<UInt8> {
        defer { self.rest = [] }
        return self.rest
    }

    mutating func takeSlice() -> ArraySlice<UInt8> {
        defer { self.rest = self.rest.dropFirst(self.sliceBytes) }
        return self.rest.prefix(self.sliceBytes)
    }
}
