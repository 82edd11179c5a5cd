package import MarketModel

/// Reads Binance's frames in the combined form: `{"stream":"btcusdt@trade","data":{…}}`.
///
/// Today's fields and those of 2024 are both read; keys that are not needed are passed over. What a frame is follows
/// from its stream's name, since several payloads do not say it themselves.
/// Source: https://developers.binance.com/docs/ (spot 2026-07-21, derivatives 2026-07-01).
package struct BinanceDecoder: ~Copyable, FrameDecoder {
    package let segment: BinanceSegment
    var streams = BinanceStreams()
    var contracts = BinanceContracts()
    private var scales: [DecimalScales] = []

    /// Whether trades are counted one by one: then one that was put together stands for all of its ids.
    let countsSingleTrades: Bool

    package init(segment: BinanceSegment, countsSingleTrades: Bool = false) {
        self.segment = segment
        self.countsSingleTrades = countsSingleTrades
    }

    package mutating func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        guard let parsed = BinanceStream.parse(name: stream.name),
            (parsed.symbol == nil) == (instrument == nil), stream.symbol == nil || stream.symbol == parsed.symbol
        else { return nil }
        let place = self.streams.add(
            named: stream.name,
            BinanceStream(
                instrument: instrument ?? InstrumentID(0), kind: parsed.kind, symbol: parsed.symbol ?? "",
                types: stream.types))
        if place != nil, let symbol = parsed.symbol, let instrument {
            self.contracts.add(symbol, instrument)
            self.contracts.addStream(of: instrument)
        }
        return place
    }

    package mutating func addInstrument(_ symbol: String, _ instrument: InstrumentID) {
        self.contracts.add(symbol, instrument)
    }

    package mutating func removeStream(at place: Int) {
        if let instrument = self.streams.remove(at: place) { self.contracts.removeStream(of: instrument) }
    }

    package func frames(ofStream place: Int) -> UInt64 { self.streams.frames(at: place) }

    package mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID) {
        let index = Int(instrument.index)
        while self.scales.count <= index { self.scales.append(DecimalScales()) }
        self.scales[index] = scales
    }

    package mutating func decode(
        _ frame: Frame, into batch: inout EventBatch
    ) throws(FrameRefusal) -> VenueControl? {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: "{"))
        } catch {
            throw .json(error)
        }
        var envelope = Envelope()
        try self.scanEnvelope(&reader, &envelope)
        guard let name = envelope.stream else { return try Self.control(bytes, envelope) }
        guard let data = envelope.data else { throw .missingField }
        guard let index = self.streams.index(of: bytes, at: name) else {
            if Self.isShutdown(bytes, name) { return .shutdown }
            throw .unknownStream
        }
        reader.index = data
        let stream = self.streams.count(at: index)
        if case .contractInfo = stream.kind { return try self.decodeContractInfo(&reader) }
        try self.decodeData(&reader, stream, frame.receivedMicroseconds, into: &batch)
        return nil
    }

    /// Gives the name of the stream that a frame came on, if it says one; off the frame path.
    package static func streamName(of frame: Frame) -> String? {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: "{"))
            if try reader.take(UInt8(ascii: "}")) { return nil }
            while true {
                let key = try reader.string()
                try reader.expect(UInt8(ascii: ":"))
                if key.count == 6, reader.bytes[key.lowerBound + 1] == UInt8(ascii: "t") {
                    let range = try reader.string()
                    return JSONText.unescaped(bytes, range).map { String(decoding: $0, as: UTF8.self) }
                }
                try reader.skipValue()
                guard try reader.take(UInt8(ascii: ",")) else { return nil }
            }
        } catch {
            return nil
        }
    }

    func scales(of instrument: InstrumentID) -> DecimalScales {
        let index = Int(instrument.index)
        return index < self.scales.count ? self.scales[index] : DecimalScales()
    }

    // MARK: - Envelope

    /// Where the parts of a frame stand.
    struct Envelope {
        var stream: Range<Int>?
        var data: Int?
        var id: UInt64?
        var hasResult = false
        var code: Int64?
        var isShutdown = false
    }

    private func scanEnvelope(_ reader: inout JSONReader, _ envelope: inout Envelope) throws(FrameRefusal) {
        do throws(JSONError) {
            if try reader.take(UInt8(ascii: "}")) { return }
            while true {
                let key = try reader.string()
                try reader.expect(UInt8(ascii: ":"))
                switch key.count {
                case 6 where reader.bytes[key.lowerBound] == UInt8(ascii: "s"):
                    envelope.stream = try reader.string()
                case 4 where reader.bytes[key.lowerBound] == UInt8(ascii: "d"):
                    envelope.data = reader.index
                    // The usual order: the stream is known, its data comes last and is read where it stands.
                    if envelope.stream != nil { return }
                    try reader.skipValue()
                case 2 where reader.bytes[key.lowerBound] == UInt8(ascii: "i"):
                    if try reader.peek() &- 48 <= 9 {
                        envelope.id = try reader.unsigned()
                    } else {
                        try reader.skipValue()
                    }
                case 6 where reader.bytes[key.lowerBound] == UInt8(ascii: "r"):
                    envelope.hasResult = true
                    try reader.skipValue()
                case 4 where reader.bytes[key.lowerBound] == UInt8(ascii: "c"):
                    envelope.code = try Self.code(&reader)
                case 1 where reader.bytes[key.lowerBound] == UInt8(ascii: "e"):
                    envelope.isShutdown = Self.isShutdown(reader.bytes, try reader.string())
                case 5 where reader.bytes[key.lowerBound] == UInt8(ascii: "e"):
                    // {"error":{"code":2,"msg":"…"},"id":1}
                    envelope.code = try Self.errorCode(&reader)
                default:
                    try reader.skipValue()
                }
                guard try reader.take(UInt8(ascii: ",")) else { break }
            }
            try reader.expect(UInt8(ascii: "}"))
        } catch {
            throw .json(error)
        }
    }

    private static func code(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        let negative = try reader.take(UInt8(ascii: "-"))
        let start = reader.index
        guard let value = Int64(exactly: try reader.unsigned()) else { throw .value(offset: start) }
        return negative ? -value : value
    }

    private static func errorCode(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        guard try reader.peek() == UInt8(ascii: "{") else {
            try reader.skipValue()
            return 0
        }
        try reader.expect(UInt8(ascii: "{"))
        var found: Int64 = 0
        if try reader.take(UInt8(ascii: "}")) { return found }
        while true {
            let key = try reader.string()
            try reader.expect(UInt8(ascii: ":"))
            if key.count == 4, reader.bytes[key.lowerBound] == UInt8(ascii: "c") {
                found = try Self.code(&reader)
            } else {
                try reader.skipValue()
            }
            guard try reader.take(UInt8(ascii: ",")) else { break }
        }
        try reader.expect(UInt8(ascii: "}"))
        return found
    }

    private static func control(
        _ bytes: Span<UInt8>, _ envelope: Envelope
    ) throws(FrameRefusal) -> VenueControl {
        if envelope.isShutdown { return .shutdown }
        if let code = envelope.code { return .refused(id: envelope.id, stream: nil, code: code) }
        if envelope.hasResult, let id = envelope.id { return .acknowledged(id: id, streams: nil) }
        throw .unknownEvent
    }

    /// Spot says that it is about to restart: <https://developers.binance.com/docs/binance-spot-api-docs> (2026-05).
    private static func isShutdown(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let name: StaticString = "serverShutdown"
        // The combined form names its stream "!serverShutdown".
        let start = range.lowerBound + (!range.isEmpty && bytes[range.lowerBound] == UInt8(ascii: "!") ? 1 : 0)
        guard range.upperBound - start == name.utf8CodeUnitCount else { return false }
        for offset in start..<range.upperBound where bytes[offset] != name.utf8Start[offset - start] { return false }
        return true
    }
}
