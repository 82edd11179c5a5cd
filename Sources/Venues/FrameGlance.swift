package import MarketModel

/// Tells market data from what speaks to the connection, without reading what the data says.
package enum FrameGlance {
    /// Whether a frame brings data: an object with a member `data`, as of Binance's combined streams and of OKX, or one
    /// whose `method` is `subscription`, as Deribit's notifications are. What cannot be read is none.
    package static func isData(_ frame: Frame) -> Bool {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            return try Self.isData(&reader)
        } catch {
            return false
        }
    }

    private static func isData(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "data") { return true }
            if reader.isText(key, "method") {
                let name = try reader.string()
                return reader.isText(name, "subscription")
            }
            try reader.skipValue()
            isMember = try reader.nextMember()
        }
        return false
    }
}
