package import MarketModel

/// A decoder of whichever venue: one virtual call a frame, so that connections of all venues are of one type.
///
/// A class and not an existential: the frame path is compiled for this type, and takes the venue's decoder, which is
/// plain code of its own, through one entry of a table.
package class VenueDecoder: FrameDecoder {
    fileprivate init() {}

    /// Puts a venue's decoder behind the common type.
    package static func of<Decoder: FrameDecoder & ~Copyable>(_ decoder: consuming Decoder) -> VenueDecoder {
        DecoderBox(decoder)
    }

    package func decode(_ frame: Frame, into batch: inout EventBatch) throws(FrameRefusal) -> VenueControl? {
        preconditionFailure("a decoder is made by `of`")
    }

    package func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        preconditionFailure("a decoder is made by `of`")
    }

    package func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        preconditionFailure("a decoder is made by `of`")
    }

    package func addInstrument(_ symbol: String, _ instrument: InstrumentID) {
        preconditionFailure("a decoder is made by `of`")
    }

    package func removeStream(at place: Int) {
        preconditionFailure("a decoder is made by `of`")
    }

    package func setScales(_ scales: DecimalScales, of instrument: InstrumentID) {
        preconditionFailure("a decoder is made by `of`")
    }

    package func frames(ofStream place: Int) -> UInt64 {
        preconditionFailure("a decoder is made by `of`")
    }
}

/// Holds a venue's decoder.
private final class DecoderBox<Decoder: FrameDecoder & ~Copyable>: VenueDecoder {
    private var decoder: Decoder

    init(_ decoder: consuming Decoder) {
        self.decoder = decoder
        super.init()
    }

    override func decode(_ frame: Frame, into batch: inout EventBatch) throws(FrameRefusal) -> VenueControl? {
        try self.decoder.decode(frame, into: &batch)
    }

    override func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        try self.decoder.decodeAnswer(frame, to: question, of: instrument, into: &batch)
    }

    override func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        self.decoder.addStream(stream, of: instrument)
    }

    override func addInstrument(_ symbol: String, _ instrument: InstrumentID) {
        self.decoder.addInstrument(symbol, instrument)
    }

    override func removeStream(at place: Int) {
        self.decoder.removeStream(at: place)
    }

    override func setScales(_ scales: DecimalScales, of instrument: InstrumentID) {
        self.decoder.setScales(scales, of: instrument)
    }

    override func frames(ofStream place: Int) -> UInt64 {
        self.decoder.frames(ofStream: place)
    }
}
