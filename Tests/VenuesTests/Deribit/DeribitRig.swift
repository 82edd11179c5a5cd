import Foundation
import MarketModel
import Testing
import Venues

/// A Deribit decoder with a few channels, widening scales as the pipeline does.
final class DeribitRig {
    /// What a frame gave, its bytes kept so that texts can be read.
    struct Decoded {
        let events: [MarketEvent]
        let levels: [Level]
        let control: VenueControl?
        let bytes: [UInt8]

        func text(_ text: FrameText) -> String {
            String(decoding: self.bytes[Int(text.offset)..<Int(text.offset + text.count)], as: UTF8.self)
        }
    }

    static let everyType = DataType.allCases

    private let decoder: VenueDecoder
    private(set) var scales: [InstrumentID: DecimalScales] = [:]

    init(
        _ channels: [String], section: String = "perpetual", types: [DataType] = DeribitRig.everyType
    ) throws {
        let segment = try #require(VenueCatalog.segment(SegmentID(VenueID("deribit"), section)))
        self.decoder = Deribit().makeDecoder(for: segment, wanted: Wanted(types: Set(types)))
        for (index, name) in channels.enumerated() {
            let stream = Self.stream(name, types)
            let place = self.decoder.addStream(stream, of: stream.symbol == nil ? nil : InstrumentID(index))
            #expect(place == index, "\(name)")
        }
    }

    static func stream(_ name: String, _ types: [DataType] = DeribitRig.everyType) -> VenueStream {
        let parts = name.split(separator: ".").map(String.init)
        let isOfAll = parts[0] == "instrument" || parts[0] == "platform_state"
        let symbol = isOfAll || parts.count < 2 ? nil : parts[0] == "chart" ? parts[2] : parts[1]
        return VenueStream(name, symbol: symbol, types: types, route: VenueRoute("", paths: []))
    }

    func add(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        self.decoder.addStream(stream, of: instrument)
    }

    func remove(_ place: Int) { self.decoder.removeStream(at: place) }

    func frames(_ place: Int) -> UInt64 { self.decoder.frames(ofStream: place) }

    func decode(_ text: String) throws(FrameRefusal) -> Decoded {
        try self.decode(Array(text.utf8))
    }

    func decode(_ bytes: [UInt8]) throws(FrameRefusal) -> Decoded {
        try self.widening(bytes) { (frame, batch) throws(FrameRefusal) in try self.decoder.decode(frame, into: &batch) }
    }

    func answer(_ text: String, to question: VenueQuestion) throws(FrameRefusal) -> Decoded {
        try self.widening(Array(text.utf8)) { (frame, batch) throws(FrameRefusal) in
            try self.decoder.decodeAnswer(frame, to: question, of: InstrumentID(0), into: &batch)
            return nil
        }
    }

    private func widening(
        _ bytes: [UInt8], _ body: (Frame, inout EventBatch) throws(FrameRefusal) -> VenueControl?
    ) throws(FrameRefusal) -> Decoded {
        // Of its own and not a byte longer: a sanitizer sees a read past the end.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let frame = Frame(
            bytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]), receivedMicroseconds: 1_785_000_100_000_000)
        var batch = EventBatch()
        for _ in 0..<40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                let control = try body(frame, &batch)
                let levels = (0..<batch.levels.count).map { batch.levels[$0] }
                return Decoded(events: batch.events, levels: levels, control: control, bytes: bytes)
            } catch {
                guard case .needsScale(let id, let scales) = error else { throw error }
                self.scales[id] = scales
                self.decoder.setScales(scales, of: id)
            }
        }
        throw .missingField
    }

    /// A notification of a channel.
    static func notification(_ channel: String, _ data: String) -> String {
        #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"\#(channel)","data":\#(data)}}"#
    }

    static func lines(of fixture: String) throws -> [String] {
        let url = try #require(
            Bundle.module.url(forResource: fixture, withExtension: "ndjson", subdirectory: "Fixtures/Deribit"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// The texts that a fixture's lines carry, with their direction.
    static func recorded(_ fixture: String) throws -> [(direction: String, raw: String)] {
        try Self.lines(of: fixture).map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return (object["direction"] as? String ?? "", try #require(object["raw"] as? String))
        }
    }
}
