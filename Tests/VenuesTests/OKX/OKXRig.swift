import Foundation
import MarketModel
import Testing
import Venues

/// A connection's decoder with some streams, to put frames through as the pipeline does.
struct OKXRig: ~Copyable {
    var decoder: OKXDecoder
    private(set) var symbols: [String] = []
    var batch = EventBatch()

    /// - Parameter names: Of streams, in the order of their places.
    init(_ segment: OKXSegment, _ names: [String]) {
        self.decoder = OKXDecoder(segment: segment)
        for name in names {
            let place = self.add(name)
            precondition(place != nil, "no stream: \(name)")
        }
    }

    /// Adds a stream as the venue would name it; its instrument is that of its symbol.
    mutating func add(_ name: String) -> Int? {
        guard let (channel, subject) = OKXChannel.parse(name: name) else { return nil }
        let route = VenueRoute("", paths: [])
        if channel.isOfSection {
            return self.decoder.addStream(VenueStream(name, symbol: nil, types: [], route: route), of: nil)
        }
        let symbol = channel == .indexTickers ? subject + "-SWAP" : subject
        return self.decoder.addStream(
            VenueStream(name, symbol: symbol, types: [], route: route), of: self.instrument(symbol))
    }

    /// The instrument of a symbol, which is made where it is new.
    mutating func instrument(_ symbol: String) -> InstrumentID {
        if let known = self.symbols.firstIndex(of: symbol) { return InstrumentID(known) }
        self.symbols.append(symbol)
        self.decoder.addInstrument(symbol, InstrumentID(self.symbols.count - 1))
        return InstrumentID(self.symbols.count - 1)
    }

    /// Decodes a frame, widening scales as often as that is asked for.
    mutating func decode(_ text: String) throws(FrameRefusal) -> VenueControl? {
        let bytes = Array(text.utf8)
        return try self.widening { decoder, batch throws(FrameRefusal) in
            let result: Result<VenueControl?, FrameRefusal> = bytes.withUnsafeBytes { raw in
                do throws(FrameRefusal) {
                    return .success(
                        try decoder.decode(Frame(bytes: raw, receivedMicroseconds: 7), into: &batch))
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }
    }

    /// Decodes the answer to a question about the first instrument.
    mutating func answer(_ text: String, to question: VenueQuestion) throws(FrameRefusal) {
        let bytes = Array(text.utf8)
        _ = try self.widening { decoder, batch throws(FrameRefusal) in
            let result: Result<VenueControl?, FrameRefusal> = bytes.withUnsafeBytes { raw in
                do throws(FrameRefusal) {
                    try decoder.decodeAnswer(
                        Frame(bytes: raw, receivedMicroseconds: 7), to: question, of: InstrumentID(0), into: &batch)
                    return .success(nil)
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }
    }

    private mutating func widening(
        _ body: (inout OKXDecoder, inout EventBatch) throws(FrameRefusal) -> VenueControl?
    ) throws(FrameRefusal) -> VenueControl? {
        for _ in 0..<40 {
            self.batch.removeAll()
            do throws(FrameRefusal) {
                return try body(&self.decoder, &self.batch)
            } catch {
                guard case .needsScale(let id, let scales) = error else { throw error }
                self.decoder.setScales(scales, of: id)
            }
        }
        throw .missingField
    }

    /// What the last frame gave.
    var events: [MarketEvent] { self.batch.events }

    func levels(_ run: LevelBuffer.Run) -> [Level] { run.indices.map { self.batch.levels[$0] } }

    /// The label of what refuses a frame; nil where nothing does.
    mutating func refusal(of text: String) -> String? {
        do throws(FrameRefusal) {
            _ = try self.decode(text)
            return nil
        } catch {
            return error.label
        }
    }
}

/// Texts of messages.
enum OKXText {
    static func fixture(_ name: String) throws -> String {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures/OKX"))
        return try String(contentsOf: url, encoding: .utf8)
    }

    /// A data frame of a channel, `data` being the elements of its list.
    static func frame(_ channel: String, _ instrument: String, _ data: String) -> String {
        #"{"arg":{"channel":"\#(channel)","instId":"\#(instrument)"},"data":[\#(data)]}"#
    }

    /// The same frame with other orders of keys, with white space and with fields that nobody knows.
    static func variants(arg: String, action: String?, data: String) -> [String] {
        let act = action.map { #","action":"\#($0)""# } ?? ""
        let parts = arg.dropFirst().dropLast().split(separator: ",").reversed().joined(separator: " , ")
        return [
            #"{"arg":\#(arg)\#(act),"data":\#(data)}"#,
            #"{"data":\#(data)\#(act),"arg":\#(arg)}"#,
            #"{ "new":{"a":[1,{"b":"]}"}]} , "data" : \#(data), "arg":{ "more":null, \#(parts) }\#(act) }"#,
            #"{"arg":{\#(parts)},"data":\#(data)\#(act),"connId":"a4d3ae55"}"#,
        ]
    }
}
