import MarketModel

/// The ids of a venue's count that one trade covers, as they stand in a record and behind the subject in
/// `Nats-Msg-Id`: `17`, or `15-17` for an aggregate of three.
enum TradeSpan {
    /// The most bytes of it.
    static let bytesMax = 41

    /// Reads it; nil for the id of a trade that its venue does not count.
    static func ids(_ text: UnsafeRawBufferPointer) -> ClosedRange<UInt64>? {
        let dash = UInt8(ascii: "-")
        guard let middle = text.firstIndex(of: dash) else { return self.number(text[...]).map { $0...$0 } }
        guard let first = self.number(text[..<middle]), let last = self.number(text[(middle + 1)...]), first < last
        else {
            return nil
        }
        return first...last
    }

    private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}

extension ByteWriter {
    /// Writes the ids that a trade covers; false where its venue does not count trades, and nothing was written.
    @inline(__always)
    mutating func span(of trade: Trade) -> Bool {
        guard trade.sequence != 0 else { return false }
        if trade.firstSequence < trade.sequence {
            self.unsigned(trade.firstSequence)
            self.byte(UInt8(ascii: "-"))
        }
        self.unsigned(trade.sequence)
        return true
    }
}
