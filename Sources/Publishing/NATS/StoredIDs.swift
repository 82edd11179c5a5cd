/// Ids of messages that streams hold, as 64-bit hashes: 16 bytes each, bounded by who fills it.
///
/// Among a million ids a new one is taken for a known one once in 10^13 times.
struct StoredIDs {
    private var hashes: Set<UInt64> = []
    private var text: [CChar] = []

    var count: Int { self.hashes.count }

    mutating func insert(_ id: UnsafeRawBufferPointer) { self.hashes.insert(Self.hash(id)) }

    /// Whether the id that `record` is published with is among them.
    mutating func contains(_ record: QueueRecord) -> Bool {
        PublishWriter.makeID(of: record, in: &self.text)
        return self.text.withUnsafeBytes { text in
            self.hashes.contains(Self.hash(UnsafeRawBufferPointer(rebasing: text.dropLast())))
        }
    }

    private static func hash(_ id: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: id)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
