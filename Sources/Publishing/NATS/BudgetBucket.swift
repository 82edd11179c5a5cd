import CNATS
import Resilience

/// The key of a shared budget in a bucket of JetStream's key-value store; blocks, each request up to a second.
final class BudgetBucket {
    private static let key = "budget"
    /// What nobody writes for so long is forgotten; longer than anything in it counts.
    private static let forgottenAfter = Duration.seconds(1_800)

    private let connection: NATSConnection
    private let context: OpaquePointer
    private let store: OpaquePointer

    /// Opens the bucket, or makes it.
    init(_ connection: NATSConnection, bucket: String) throws(NATSError) {
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = 1_000
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, connection.handle, &options), "JetStream")
        guard let context else { throw NATSError(NATS_NO_MEMORY, "JetStream") }
        do throws(NATSError) {
            self.store = try Self.open(context, bucket)
        } catch {
            jsCtx_Destroy(context)
            throw error
        }
        self.context = context
        self.connection = connection
    }

    deinit {
        kvStore_Destroy(self.store)
        jsCtx_Destroy(self.context)
    }

    private static func open(_ context: OpaquePointer, _ bucket: String) throws(NATSError) -> OpaquePointer {
        var store: OpaquePointer?
        var status = js_KeyValue(&store, context, bucket)
        if status == NATS_NOT_FOUND {
            status = bucket.withCString { name in
                var config = kvConfig()
                kvConfig_Init(&config)
                config.Bucket = name
                config.History = 1
                config.TTL = Self.forgottenAfter.wholeNanoseconds
                config.MaxBytes = 16 << 20
                config.StorageType = js_FileStorage
                return js_CreateKeyValue(&store, context, &config)
            }
            // Another member may have made it meanwhile.
            if status != NATS_OK { status = js_KeyValue(&store, context, bucket) }
        }
        try check(status, "opening bucket \(bucket)")
        guard let store else { throw NATSError(NATS_NO_MEMORY, "opening bucket \(bucket)") }
        return store
    }

    /// The key's bytes with their revision; nil when there is none.
    func read() throws(NATSError) -> (bytes: [UInt8], revision: UInt64)? {
        var entry: OpaquePointer?
        let status = kvStore_Get(&entry, self.store, Self.key)
        if status == NATS_NOT_FOUND { return nil }
        try check(status, "reading the shared budget")
        guard let entry else { return nil }
        defer { kvEntry_Destroy(entry) }
        let count = max(0, Int(kvEntry_ValueLen(entry)))
        let bytes = Array(UnsafeRawBufferPointer(start: kvEntry_Value(entry), count: count))
        return (bytes, kvEntry_Revision(entry))
    }

    /// Writes the key unless somebody wrote it since `revision`, or made it when that is nil.
    ///
    /// - Throws: Also when it is not known whether it was written.
    func write(_ bytes: [UInt8], after revision: UInt64?) throws(NATSError) {
        var written: UInt64 = 0
        let status =
            if let revision {
                kvStore_Update(&written, self.store, Self.key, bytes, Int32(clamping: bytes.count), revision)
            } else {
                kvStore_Create(&written, self.store, Self.key, bytes, Int32(clamping: bytes.count))
            }
        try check(status, "writing the shared budget")
    }
}
