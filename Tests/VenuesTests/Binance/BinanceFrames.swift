import Foundation
import MarketModel
import Testing
import Venues

/// Decodes text as a connection of Binance does: its streams registered, scales widened when it asks for that.
struct BinanceFrames: ~Copyable {
    /// What a frame or an answer gave.
    struct Decoded {
        var events: [MarketEvent]
        var levels: [Level]
        var control: VenueControl?
    }

    static let received: Int64 = 1_785_100_000_000_000

    private var decoder: BinanceDecoder

    /// - Parameters:
    ///   - streams: By name; each of the instrument of its place.
    ///   - types: What is wanted of them.
    init(_ segment: BinanceSegment, _ streams: [String], types: [DataType] = [.markPrice, .fundingRate]) {
        self.decoder = BinanceDecoder(segment: segment)
        for (place, name) in streams.enumerated() {
            let stream = Self.stream(name, types: types)
            let added = self.decoder.addStream(stream, of: name.hasPrefix("!") ? nil : InstrumentID(place))
            precondition(added == place, "\(name) was refused")
        }
    }

    /// A stream as the venue's plan has it.
    static func stream(_ name: String, types: [DataType] = [.markPrice, .fundingRate]) -> VenueStream {
        VenueStream(
            name, symbol: BinanceStream.parse(name: name)?.symbol, types: types, route: VenueRoute("", paths: []))
    }

    static func fixture(_ name: String) throws -> String {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures/Binance"))
        return try String(contentsOf: url, encoding: .utf8)
    }

    mutating func decode(_ text: String) throws(FrameRefusal) -> Decoded {
        try self.run(Array(text.utf8), nil)
    }

    mutating func decode(bytes: [UInt8]) throws(FrameRefusal) -> Decoded {
        try self.run(bytes, nil)
    }

    /// Decodes an answer that was received at `received`.
    mutating func decodeAnswer(
        _ text: String, to question: VenueQuestion, of instrument: Int?, received: Int64 = Self.received
    ) throws(FrameRefusal) -> Decoded {
        try self.run(Array(text.utf8), (question, instrument.map { InstrumentID($0) }), received: received)
    }

    mutating func addStream(_ name: String, of instrument: Int?) -> Int? {
        self.decoder.addStream(Self.stream(name), of: instrument.map { InstrumentID($0) })
    }

    mutating func addInstrument(_ symbol: String, _ instrument: Int) {
        self.decoder.addInstrument(symbol, InstrumentID(instrument))
    }

    mutating func removeStream(at place: Int) { self.decoder.removeStream(at: place) }

    func frames(ofStream place: Int) -> UInt64 { self.decoder.frames(ofStream: place) }

    private mutating func run(
        _ bytes: [UInt8], _ asked: (question: VenueQuestion, instrument: InstrumentID?)?,
        received: Int64 = Self.received
    ) throws(FrameRefusal) -> Decoded {
        // Memory of its own and of the exact size: a read past it is caught by the address sanitizer.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let frame = Frame(bytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]), receivedMicroseconds: received)
        var batch = EventBatch()
        for _ in 0..<40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                var control: VenueControl?
                if let asked {
                    try self.decoder.decodeAnswer(frame, to: asked.question, of: asked.instrument, into: &batch)
                } else {
                    control = try self.decoder.decode(frame, into: &batch)
                }
                let levels = (0..<batch.levels.count).map { batch.levels[$0] }
                return Decoded(events: batch.events, levels: levels, control: control)
            } catch {
                guard case .needsScale(let id, let scales) = error else { throw error }
                self.decoder.setScales(scales, of: id)
            }
        }
        throw .missingField
    }
}

extension String {
    /// The text that an event names in this frame.
    func text(_ place: FrameText) -> String {
        let bytes = Array(self.utf8)
        return String(decoding: bytes[Int(place.offset)..<Int(place.offset + place.count)], as: UTF8.self)
    }
}
