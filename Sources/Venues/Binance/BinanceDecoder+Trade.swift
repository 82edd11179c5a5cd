import MarketModel

extension BinanceDecoder {
    /// What a trade or book ticker frame said; prices and sizes as places in the frame until all keys are read.
    private struct Fields {
        var event: Range<Int>?
        var symbol: Range<Int>?
        var segmentNumber: UInt64?
        var id: Range<Int>?
        var sequence: UInt64?
        var price: Int?
        var size: Int?
        var askPrice: Int?
        var askSize: Int?
        var kind: Range<Int>?
        var buyerIsMaker: Bool?
        var tradeTime = Timestamp.none
        var sentTime = Timestamp.none
    }

    func decodeTrade(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let isAggregate = stream.kind == .aggregateTrade
        let idKey = isAggregate ? UInt8(ascii: "a") : UInt8(ascii: "t")
        var fields = Fields()
        try Self.readFields(&reader, &fields) { (reader, key, fields) throws(JSONError) in
            switch key {
            case idKey:
                let start = try reader.position()
                fields.sequence = try reader.unsigned()
                fields.id = start..<reader.index
            case UInt8(ascii: "p"): fields.price = try reader.valuePosition()
            case UInt8(ascii: "q"): fields.size = try reader.valuePosition()
            case UInt8(ascii: "T"): fields.tradeTime = try reader.milliseconds()
            case UInt8(ascii: "m"): fields.buyerIsMaker = try reader.boolean()
            case UInt8(ascii: "X"): fields.kind = try reader.string()
            default: try reader.skipValue()
            }
        }
        let bytes = reader.bytes
        try self.check(bytes, symbol: fields.symbol, segmentNumber: fields.segmentNumber, against: stream)
        if let event = fields.event, event.count != (isAggregate ? 8 : 5) { throw .unknownEvent }
        // Raw futures trades also print insurance-fund and auto-deleveraging fills, far off the market.
        if let kind = fields.kind, kind.count != 6 || bytes[kind.lowerBound] != UInt8(ascii: "M") { throw .notMarket }
        guard let id = fields.id, let sequence = fields.sequence, let price = fields.price, let size = fields.size,
            let buyerIsMaker = fields.buyerIsMaker
        else { throw .missingField }
        let scales = self.scales(of: stream.instrument)
        let trade = Trade(
            instrument: stream.instrument, id: FrameText(offset: id.lowerBound, count: id.count), sequence: sequence,
            price: try Self.decimal(bytes, at: price, .price, stream.instrument, scales),
            size: try Self.decimal(bytes, at: size, .size, stream.instrument, scales),
            aggressor: buyerIsMaker ? .sell : .buy, isAggregate: isAggregate,
            eventTime: fields.tradeTime == .none ? fields.sentTime : fields.tradeTime,
            sentTime: fields.tradeTime == .none ? .none : fields.sentTime, receivedMicroseconds: received)
        guard batch.append(.trade(trade)) else { throw .tooLarge }
    }

    func decodeBookTicker(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        try Self.readFields(&reader, &fields) { (reader, key, fields) throws(JSONError) in
            switch key {
            case UInt8(ascii: "u"): fields.sequence = try reader.unsigned()
            case UInt8(ascii: "b"): fields.price = try reader.valuePosition()
            case UInt8(ascii: "B"): fields.size = try reader.valuePosition()
            case UInt8(ascii: "a"): fields.askPrice = try reader.valuePosition()
            case UInt8(ascii: "A"): fields.askSize = try reader.valuePosition()
            case UInt8(ascii: "T"): fields.tradeTime = try reader.milliseconds()
            default: try reader.skipValue()
            }
        }
        let bytes = reader.bytes
        try self.check(bytes, symbol: fields.symbol, segmentNumber: fields.segmentNumber, against: stream)
        guard let bidPrice = fields.price, let bidSize = fields.size, let askPrice = fields.askPrice,
            let askSize = fields.askSize, let sequence = fields.sequence
        else { throw .missingField }
        let scales = self.scales(of: stream.instrument)
        let instrument = stream.instrument
        let offer = BestBidOffer(
            instrument: instrument,
            bid: Level(
                price: try Self.decimal(bytes, at: bidPrice, .price, instrument, scales),
                size: try Self.decimal(bytes, at: bidSize, .size, instrument, scales)),
            ask: Level(
                price: try Self.decimal(bytes, at: askPrice, .price, instrument, scales),
                size: try Self.decimal(bytes, at: askSize, .size, instrument, scales)),
            sequence: sequence, eventTime: fields.tradeTime == .none ? fields.sentTime : fields.tradeTime,
            sentTime: fields.tradeTime == .none ? .none : fields.sentTime, receivedMicroseconds: received)
        guard batch.append(.bestBidOffer(offer)) else { throw .tooLarge }
    }

    /// Walks an object's keys: those that all events share here, other one-letter keys in `read`.
    @inline(__always)
    private static func readFields(
        _ reader: inout JSONReader, _ fields: inout Fields,
        _ read: (inout JSONReader, UInt8, inout Fields) throws(JSONError) -> Void
    ) throws(FrameRefusal) {
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: "{"))
            if try reader.take(UInt8(ascii: "}")) { return }
            while true {
                let key = try reader.string()
                try reader.expect(UInt8(ascii: ":"))
                let first = key.isEmpty ? 0 : reader.bytes[key.lowerBound]
                switch key.count {
                case 1 where first == UInt8(ascii: "s"): fields.symbol = try reader.string()
                case 1 where first == UInt8(ascii: "e"): fields.event = try reader.string()
                case 1 where first == UInt8(ascii: "E"): fields.sentTime = try reader.milliseconds()
                case 1: try read(&reader, first, &fields)
                case 2 where first == UInt8(ascii: "s") && reader.bytes[key.lowerBound + 1] == UInt8(ascii: "t"):
                    fields.segmentNumber = try reader.unsigned()
                default: try reader.skipValue()
                }
                guard try reader.take(UInt8(ascii: ",")) else { break }
            }
            try reader.expect(UInt8(ascii: "}"))
        } catch {
            throw .json(error)
        }
    }

    @inline(__always)
    static func decimal(
        _ bytes: Span<UInt8>, at position: Int, _ field: LevelField, _ instrument: InstrumentID,
        _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64 {
        var reader = JSONReader(bytes, at: position)
        do throws(DecimalTextError) {
            let value = try reader.quotedDecimal(scale: field == .price ? scales.price : scales.size)
            guard field == .price || value >= 0 else { throw .malformed }
            return value
        } catch {
            throw Self.refusal(error, of: field, instrument, scales)
        }
    }
}

extension JSONReader {
    /// Gives where the next value starts, without passing it.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func position() throws(JSONError) -> Int {
        _ = try self.peek()
        return self.index
    }

    /// Passes a string value and gives where it starts.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func valuePosition() throws(JSONError) -> Int {
        let start = try self.position()
        _ = try self.string()
        return start
    }
}
