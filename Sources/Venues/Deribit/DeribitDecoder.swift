package import MarketModel

/// Reads Deribit's JSON-RPC: notifications of channels, answers to requests, heartbeats.
///
/// Today's fields and those of 2021 are both read; keys that are not needed are passed over. What a notification is
/// follows from its channel's name.
/// Source: https://docs.deribit.com/ (notifications 2026-03-06, JSON-RPC changelog 2026-07-21).
package struct DeribitDecoder: ~Copyable, FrameDecoder {
    package let segment: DeribitSegment
    var streams = DeribitStreams()
    /// What is wanted of trades that are asked for.
    let wanted: DeribitWanted
    private var scales: [DecimalScales] = []

    package init(segment: DeribitSegment, wanted types: Set<DataType> = Set(DataType.allCases)) {
        self.segment = segment
        self.wanted = DeribitWanted(Array(types))
    }

    package mutating func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        guard let parsed = DeribitStream(name: stream.name), parsed.symbol == stream.symbol,
            (parsed.symbol == nil) == (instrument == nil)
        else { return nil }
        return self.streams.add(
            named: stream.name, parsed, of: instrument ?? InstrumentID(0), wanted: DeribitWanted(stream.types))
    }

    /// No channel that is collected brings data of instruments that are not in its name.
    package mutating func addInstrument(_ symbol: String, _ instrument: InstrumentID) {}

    package mutating func removeStream(at place: Int) { self.streams.remove(at: place) }

    package func frames(ofStream place: Int) -> UInt64 { self.streams.frames(at: place) }

    package mutating func setScales(_ scales: DecimalScales, of instrument: InstrumentID) {
        let index = Int(instrument.index)
        while self.scales.count <= index { self.scales.append(DecimalScales()) }
        self.scales[index] = scales
    }

    func scales(of instrument: InstrumentID) -> DecimalScales {
        let index = Int(instrument.index)
        return index < self.scales.count ? self.scales[index] : DecimalScales()
    }

    package mutating func decode(
        _ frame: Frame, into batch: inout EventBatch
    ) throws(FrameRefusal) -> VenueControl? {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        let envelope: Envelope
        do throws(JSONError) {
            envelope = try Self.envelope(&reader)
        } catch {
            throw .json(error)
        }
        switch envelope.method {
        case .none: return try self.answer(envelope, bytes)
        case .other: throw .unknownEvent
        case .heartbeat:
            reader.index = try Self.required(envelope.params)
            return try Self.heartbeat(&reader)
        case .subscription:
            reader.index = try Self.required(envelope.params)
            return try self.decodeNotification(&reader, frame.receivedMicroseconds, into: &batch)
        }
    }

    // MARK: - Envelope

    enum Method {
        case none, subscription, heartbeat, other
    }

    /// Where the parts of a message stand.
    struct Envelope {
        var method = Method.none
        var params: Int?
        var result: Int?
        var id: UInt64?
        var code: Int64?
        /// When the venue sent an answer, microseconds.
        var sent: UInt64?
    }

    /// Reads a message's members, up to the content of a notification where its method stands before it.
    static func envelope(_ reader: inout JSONReader) throws(JSONError) -> Envelope {
        var envelope = Envelope()
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "params") {
                _ = try reader.peek()
                envelope.params = reader.index
                // The usual order: the content comes last and is read where it stands.
                if envelope.method != .none { return envelope }
                try reader.skipValue()
            } else if reader.isText(key, "method") {
                let name = try reader.string()
                envelope.method =
                    reader.isText(name, "subscription")
                    ? .subscription : reader.isText(name, "heartbeat") ? .heartbeat : .other
            } else if reader.isText(key, "id") {
                envelope.id = try Self.id(&reader)
            } else if reader.isText(key, "result") {
                _ = try reader.peek()
                envelope.result = reader.index
                try reader.skipValue()
            } else if reader.isText(key, "error") {
                envelope.code = try Self.errorCode(&reader)
            } else if reader.isText(key, "usOut") {
                envelope.sent = try reader.unsigned()
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
        return envelope
    }

    static func required<Value>(_ value: Value?) throws(FrameRefusal) -> Value {
        guard let value else { throw .missingField }
        return value
    }

    /// Reads an id; ours are whole numbers.
    private static func id(_ reader: inout JSONReader) throws(JSONError) -> UInt64? {
        if try reader.peek() &- 48 <= 9 { return try reader.unsigned() }
        try reader.skipValue()
        return nil
    }

    /// Reads `{"code":13778,"message":"…"}`.
    static func errorCode(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        guard try reader.peek() == UInt8(ascii: "{") else {
            try reader.skipValue()
            return 0
        }
        var code: Int64 = 0
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "code") {
                let isNegative = try reader.take(UInt8(ascii: "-"))
                let start = reader.index
                guard let value = Int64(exactly: try reader.unsigned()) else { throw .value(offset: start) }
                code = isNegative ? -value : value
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
        return code
    }

    // MARK: - What is no notification

    private static func heartbeat(_ reader: inout JSONReader) throws(FrameRefusal) -> VenueControl {
        var isPrompt = false
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "type") {
                    isPrompt = reader.isText(try reader.string(), "test_request")
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        return isPrompt ? .prompt : .alive
    }

    /// Tells what an answer says: a list of channels names those that were taken, and leaves out bad names.
    private func answer(_ envelope: Envelope, _ bytes: Span<UInt8>) throws(FrameRefusal) -> VenueControl {
        if let code = envelope.code { return .refused(id: envelope.id, stream: nil, code: code) }
        guard let result = envelope.result, let id = envelope.id else { throw .unknownEvent }
        guard bytes[result] == UInt8(ascii: "[") else { return .acknowledged(id: id, streams: nil) }
        var reader = JSONReader(bytes, at: result)
        var places: [Int] = []
        do throws(JSONError) {
            var isElement = try reader.beginArray()
            while isElement {
                if let place = self.streams.index(of: bytes, at: try reader.string()) { places.append(place) }
                isElement = try reader.nextElement()
            }
        } catch {
            throw .json(error)
        }
        return .acknowledged(id: id, streams: places)
    }
}
