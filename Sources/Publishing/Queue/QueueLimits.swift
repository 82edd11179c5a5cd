/// The limits of one lane, in bytes of records and in messages, and the level above which conflation begins.
package struct QueueLimits: Sendable, Equatable {
    /// Bytes of records, headers included; memory taken is the next power of two.
    package let bytes: Int
    package let messages: Int
    /// Bytes and messages at and above which a producer conflates what can be conflated.
    package let watermarkBytes: Int
    package let watermarkMessages: Int

    /// Makes limits; values out of range are moved to the nearest allowed one.
    ///
    /// - Parameters:
    ///   - bytes: 64 KiB...16 GiB.
    ///   - messages: 16...2^31.
    ///   - watermark: Share of either limit, 0.01...1.
    package init(bytes: Int, messages: Int, watermark: Double = 0.5) {
        self.bytes = min(max(bytes, 64 << 10), 16 << 30)
        self.messages = min(max(messages, 16), 1 << 31)
        let share = watermark.isFinite ? min(max(watermark, 0.01), 1) : 0.5
        self.watermarkBytes = Int(Double(self.bytes) * share)
        self.watermarkMessages = Int(Double(self.messages) * share)
    }
}
