package import MarketModel

/// What a frame said to the connection rather than to the market.
package enum VenueControl: Equatable, Sendable {
    /// The request with this id was taken.
    case acknowledged(id: UInt64)
    /// The request was refused; the id is missing where the venue does not repeat it.
    case refused(id: UInt64?, code: Int64)
    /// The venue is about to close its side.
    case shutdown
}

/// Turns one connection's frames into events. One for each connection, on its loop's thread.
package protocol FrameDecoder: ~Copyable {
    /// Decodes a frame and appends what it says to `batch`.
    ///
    /// - Returns: What the frame says to the connection, if it is no market data.
    /// - Throws: The refusal; what was appended before it is to be thrown away.
    mutating func decode(_ frame: Frame, into batch: inout EventBatch) throws(FrameRefusal) -> VenueControl?

    /// Decodes the answer to a request for an instrument's book.
    mutating func decodeSnapshot(
        _ frame: Frame, of instrument: InstrumentID, into batch: inout EventBatch) throws(FrameRefusal)

    /// Takes wider scales after `.needsScale`.
    mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID)
}
