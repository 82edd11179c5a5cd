package import MarketModel

/// Turns one connection's frames into events. One for each connection, on its loop's thread.
package protocol FrameDecoder: ~Copyable {
    /// Decodes a frame and appends what it says to `batch`.
    ///
    /// - Throws: The refusal; what was appended before it is to be thrown away.
    mutating func decode(_ frame: Frame, into batch: inout EventBatch) throws(FrameRefusal)

    /// Takes wider scales after `.needsScale`.
    mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID)
}
