import MarketModel
import Venues

/// A section's decoder with all of its streams, fed as a connection feeds it.
struct SectionDecoder {
    /// What a frame gave.
    struct Reading {
        var events: [DecodedEvent] = []
        var control: VenueControl?
        var refusal: FrameRefusal?
        /// Places of the streams that it came on.
        var places: [Int] = []
    }

    static let received: Int64 = 1_785_100_000_000_000

    let streams: [VenueStream]
    private let decoder: VenueDecoder
    private var scales: [InstrumentID: DecimalScales] = [:]

    /// - Parameter only: The names of the streams to take up; nil for all.
    init(_ section: ConformanceSection, only names: Set<String>? = nil) {
        self.decoder = section.venue.makeDecoder(for: section.segment, wanted: section.wanted)
        self.streams = section.streams.filter { names?.contains($0.name) ?? true }
        for (index, symbol) in section.symbols.enumerated() {
            self.decoder.addInstrument(symbol, InstrumentID(index))
        }
        for stream in self.streams {
            let owner = stream.symbol.flatMap { section.symbols.firstIndex(of: $0) }
            _ = self.decoder.addStream(stream, of: owner.map { InstrumentID($0) })
        }
    }

    /// Reads a frame, or an answer to a question about an instrument.
    mutating func read(_ bytes: [UInt8], _ asked: ConformanceSection.Question? = nil) -> Reading {
        // Memory of its own and of the exact size: a read past it is caught by the address sanitizer.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let frame = Frame(
            bytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]), receivedMicroseconds: Self.received)
        let before = self.streams.indices.map { self.decoder.frames(ofStream: $0) }
        var reading = Reading()
        var batch = EventBatch()
        for _ in 0..<40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                if let asked {
                    try self.decoder.decodeAnswer(frame, to: asked.question, of: asked.instrument, into: &batch)
                } else {
                    reading.control = try self.decoder.decode(frame, into: &batch)
                }
                let levels = (0..<batch.levels.count).map { batch.levels[$0] }
                reading.events = batch.events.map { DecodedEvent($0, levels, self.scales, bytes) }
                reading.places = self.streams.indices.filter { self.decoder.frames(ofStream: $0) != before[$0] }
                return reading
            } catch {
                guard case .needsScale(let id, let scales) = error else {
                    reading.refusal = error
                    return reading
                }
                self.scales[id] = scales
                self.decoder.setScales(scales, of: id)
            }
        }
        reading.refusal = .missingField
        return reading
    }

    mutating func read(_ text: String, _ asked: ConformanceSection.Question? = nil) -> Reading {
        self.read(Array(text.utf8), asked)
    }
}
