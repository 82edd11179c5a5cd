package import MarketModel

/// Turns one connection's frames into events. One for each connection, on its loop's thread.
package protocol FrameDecoder: ~Copyable {
    /// Decodes a frame and appends what it says to `batch`.
    ///
    /// - Returns: What the frame says to the connection, if it is no market data.
    /// - Throws: The refusal; what was appended before it is to be thrown away.
    mutating func decode(_ frame: Frame, into batch: inout EventBatch) throws(FrameRefusal) -> VenueControl?

    /// Decodes the answer to a question about an instrument, or about the whole section where that is nil.
    mutating func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal)

    /// Registers a stream and gives its place, dense from 0; nil when there are too many, or its name is taken or no
    /// stream's.
    ///
    /// - Parameter instrument: Of its symbol; nil for a stream of the whole section.
    mutating func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int?

    /// Registers an instrument that streams of the whole section may speak of.
    mutating func addInstrument(_ symbol: String, _ instrument: InstrumentID)

    /// Gives a stream up: its place stays and its frames, should any come, are refused as of an unknown stream.
    mutating func removeStream(at place: Int)

    /// Takes wider scales after `.needsScale`.
    mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID)

    /// Frames of a stream since it was registered.
    func frames(ofStream place: Int) -> UInt64
}
