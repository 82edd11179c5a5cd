package import MarketModel

/// Reads OKX's frames: `{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[…]}`.
///
/// Today's fields and those of 2022 are both read; keys that are not needed are passed over. What a frame is follows
/// from its `arg`, which is the object that asked for it.
/// Source: https://www.okx.com/docs-v5/en/ (2026-08-22).
package struct OKXDecoder: ~Copyable, FrameDecoder {
    package let segment: OKXSegment
    var streams = OKXStreams()
    /// Instruments that streams of the whole section may speak of, by the venue's symbol.
    private var instruments = StreamTable()
    private var scales: [DecimalScales] = []
    private var indexPrices: [IndexPrice] = []

    /// The last price of an instrument's index.
    struct IndexPrice {
        var price = DecimalValue.none
        var time = Timestamp.none
    }

    package init(segment: OKXSegment) {
        self.segment = segment
    }

    package mutating func addStream(_ stream: VenueStream, of instrument: InstrumentID?) -> Int? {
        guard let (channel, subject) = OKXChannel.parse(name: stream.name),
            channel.isOfSection == (instrument == nil), channel.isOfSection == (stream.symbol == nil)
        else { return nil }
        if channel.isOfSection {
            guard subject == self.segment.instrumentType else { return nil }
        } else if channel == .indexTickers {
            guard stream.symbol.flatMap({ OKX.index(of: $0) }) == subject else { return nil }
        } else {
            guard stream.symbol == subject else { return nil }
        }
        return self.streams.add(channel, of: subject, instrument ?? InstrumentID(0))
    }

    package mutating func addInstrument(_ symbol: String, _ instrument: InstrumentID) {
        // One that does not fit is passed over as those of other connections are.
        _ = self.instruments.insert(symbol.utf8, value: instrument.index)
    }

    package mutating func removeStream(at place: Int) { self.streams.remove(at: place) }

    package func frames(ofStream place: Int) -> UInt64 { self.streams.entry(at: place).frames }

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
        // The answer to a ping is no JSON.
        if reader.isText("pong", at: 0..<bytes.count) { return .alive }
        var envelope = Envelope()
        try self.readEnvelope(&reader, &envelope, frame.receivedMicroseconds, into: &batch)
        if let event = envelope.event {
            guard envelope.data == nil else { throw .unknownEvent }
            return try self.control(reader, event, envelope)
        }
        guard envelope.hasArgument else { throw .unknownEvent }
        guard let found = envelope.stream else { throw .unknownStream }
        guard let data = envelope.data else { throw .missingField }
        if !envelope.isDecoded {
            reader.index = data
            try self.decodeData(&reader, found, envelope.action, frame.receivedMicroseconds, into: &batch)
        }
        self.streams.countFrame(at: found.place)
        return self.streams.entry(at: found.place).channel == .instruments ? .instrumentsChanged : nil
    }

    func scales(of instrument: InstrumentID) -> DecimalScales {
        let index = Int(instrument.index)
        return index < self.scales.count ? self.scales[index] : DecimalScales()
    }

    /// The instrument that a frame of the whole section names at `range`; nil for one of another connection.
    func instrument(_ bytes: Span<UInt8>, at range: Range<Int>) -> InstrumentID? {
        self.instruments.value(of: bytes, at: range).map { InstrumentID(Int($0)) }
    }

    func indexPrice(of instrument: InstrumentID) -> IndexPrice {
        let index = Int(instrument.index)
        return index < self.indexPrices.count ? self.indexPrices[index] : IndexPrice()
    }

    mutating func setIndexPrice(_ price: IndexPrice, of instrument: InstrumentID) {
        let index = Int(instrument.index)
        while self.indexPrices.count <= index { self.indexPrices.append(IndexPrice()) }
        self.indexPrices[index] = price
    }

    // MARK: - Envelope

    /// Where the parts of a frame stand.
    struct Envelope {
        var hasArgument = false
        var stream: OKXStreams.Found?
        var action: Range<Int>?
        var data: Int?
        var isDecoded = false
        var event: Range<Int>?
        var id: UInt64?
        var code: Int64?
    }

    private mutating func readEnvelope(
        _ reader: inout JSONReader, _ envelope: inout Envelope, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var walk = JSONWalk()
        while true {
            var isReady = false
            do throws(JSONError) {
                guard try reader.nextKey(&walk) else { break }
                isReady = try self.readEnvelopeField(&reader, walk.key, &envelope)
            } catch {
                throw .json(error)
            }
            if isReady, let found = envelope.stream {
                try self.decodeData(&reader, found, envelope.action, received, into: &batch)
                envelope.isDecoded = true
            }
        }
    }

    /// Reads a field; true when the reader stands at data that can be read at once, as it can in the usual order.
    private func readEnvelopeField(
        _ reader: inout JSONReader, _ key: Range<Int>, _ envelope: inout Envelope
    ) throws(JSONError) -> Bool {
        if reader.isText("arg", at: key) {
            guard !envelope.hasArgument else { throw .unexpected(offset: key.lowerBound) }
            envelope.hasArgument = true
            envelope.stream = try self.streams.find(&reader)
        } else if reader.isText("data", at: key) {
            guard envelope.data == nil else { throw .unexpected(offset: key.lowerBound) }
            envelope.data = try reader.position()
            if let found = envelope.stream, envelope.event == nil,
                envelope.action != nil || self.streams.entry(at: found.place).channel != .books
            {
                return true
            }
            try reader.skipValue()
        } else if reader.isText("action", at: key) {
            envelope.action = try reader.string()
        } else if reader.isText("event", at: key) {
            envelope.event = try reader.string()
        } else if reader.isText("id", at: key) {
            envelope.id = try reader.givenText().flatMap { reader.number(at: $0) }
        } else if reader.isText("code", at: key) {
            envelope.code = try reader.givenText().flatMap { reader.number(at: $0) }.flatMap { Int64(exactly: $0) }
        } else {
            try reader.skipValue()
        }
        return false
    }

    // MARK: - Control

    /// Before its socket closes for an upgrade, a minute ahead.
    private static let closing: Int64 = 64_008

    private func control(
        _ reader: JSONReader, _ event: Range<Int>, _ envelope: Envelope
    ) throws(FrameRefusal) -> VenueControl {
        if reader.isText("subscribe", at: event) || reader.isText("unsubscribe", at: event) {
            // A stream that was given up is none of ours any more.
            return .acknowledged(id: envelope.id, streams: envelope.stream.map { [$0.place] } ?? [])
        }
        if reader.isText("error", at: event) {
            return .refused(id: envelope.id, stream: nil, code: envelope.code ?? 0)
        }
        if reader.isText("notice", at: event) { return envelope.code == Self.closing ? .shutdown : .alive }
        // Counts of connections by channel, which matter to private channels.
        if reader.isText("channel-conn-count", at: event) || reader.isText("channel-conn-count-error", at: event) {
            return .alive
        }
        throw .unknownEvent
    }

    // MARK: - Data

    /// Decodes the list that the reader stands at, and stands behind it.
    private mutating func decodeData(
        _ reader: inout JSONReader, _ found: OKXStreams.Found, _ action: Range<Int>?, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let stream = self.streams.entry(at: found.place)
        if stream.channel == .instruments {
            do throws(JSONError) {
                try reader.skipValue()
            } catch {
                throw .json(error)
            }
            return
        }
        var counted = stream.counted
        var walk = JSONWalk()
        while true {
            do throws(JSONError) {
                guard try reader.nextElement(&walk) else { break }
            } catch {
                throw .json(error)
            }
            switch stream.channel {
            case .books: try self.decodeBook(&reader, stream, action, received, &counted, into: &batch)
            case .bestOffer: try self.decodeBestOffer(&reader, stream, received, into: &batch)
            case .trades: try self.decodeTrade(&reader, stream, found.subject, received, into: &batch)
            case .markPrice: try self.decodeMarkPrice(&reader, stream, found.subject, received, into: &batch)
            case .indexTickers: try self.decodeIndexTicker(&reader, stream, found.subject)
            case .fundingRate: try self.decodeFundingRate(&reader, stream, found.subject, received, into: &batch)
            case .openInterest: try self.decodeOpenInterest(&reader, stream, found.subject, received, into: &batch)
            case .liquidationOrders: try self.decodeLiquidations(&reader, received, into: &batch)
            case .candle(let interval):
                try self.decodeCandle(&reader, stream.instrument, interval, received, isAnswer: false, into: &batch)
            case .instruments: throw .unknownEvent
            }
        }
        // Not before the whole list was read: a frame that is decoded again is counted once.
        if counted != stream.counted { self.streams.setCounted(counted, at: found.place) }
    }
}
