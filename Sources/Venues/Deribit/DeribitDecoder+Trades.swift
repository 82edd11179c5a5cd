import MarketModel

extension DeribitDecoder {
    /// Who was liquidated in a trade: the flag is on trades only, the venue has no feed of liquidations.
    private struct Liquidated {
        var maker = false
        var taker = false
    }

    /// What a trade or quote said; prices and sizes as places in the frame until all keys are read.
    private struct TradeFields {
        var symbol: Range<Int>?
        var id: Range<Int>?
        var sequence: UInt64?
        var price: Int?
        var size: Int?
        var side: Range<Int>?
        var liquidation: Range<Int>?
        var time = Timestamp.none
    }

    /// Decodes a list of trades: those of 100 ms, or of the venue's own pace.
    ///
    /// `trade_seq` counts the trades of an instrument one by one. Prints of blocks and of the legs of combinations stand
    /// among them: without them the count would have holes.
    func decodeTrades(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var isElement: Bool
        do throws(JSONError) {
            isElement = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        while isElement {
            var fields = TradeFields()
            do throws(JSONError) {
                try Self.readTrade(&reader, &fields)
                isElement = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            try self.check(reader.bytes, fields.symbol, against: stream)
            try self.append(fields, reader.bytes, stream.instrument, stream.wanted, received, into: &batch)
        }
    }

    /// Decodes `{"trades":[…],"has_more":false}`, oldest first, each liquidation behind its trade as in the channel.
    ///
    /// Trades whose numbers do not rise are no answer to a question for numbers.
    func decodePastTrades(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var hasTrades = false
        var isElement = false
        do throws(JSONError) {
            hasTrades = try reader.passKey("trades")
            if hasTrades { isElement = try reader.beginArray() }
        } catch {
            throw .json(error)
        }
        guard hasTrades else { throw .missingField }
        var last: UInt64?
        while isElement {
            var fields = TradeFields()
            do throws(JSONError) {
                try Self.readTrade(&reader, &fields)
                isElement = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            guard let symbol = fields.symbol, let sequence = fields.sequence, fields.time != .none else {
                throw .missingField
            }
            guard self.streams.isSymbol(reader.bytes, symbol, of: instrument) else { throw .mismatch }
            if let last, sequence <= last { throw .mismatch }
            last = sequence
            try self.append(
                fields, reader.bytes, instrument, self.wanted, received, isBackfilled: true, into: &batch)
        }
    }

    @inline(__always)
    private static func readTrade(_ reader: inout JSONReader, _ fields: inout TradeFields) throws(JSONError) {
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "trade_seq") {
                fields.sequence = try reader.unsigned()
            } else if reader.isText(key, "trade_id") {
                fields.id = try Self.plainText(&reader)
            } else if reader.isText(key, "timestamp") {
                fields.time = try reader.milliseconds()
            } else if reader.isText(key, "price") {
                fields.price = try Self.place(&reader)
            } else if reader.isText(key, "amount") {
                fields.size = try Self.place(&reader)
            } else if reader.isText(key, "direction") {
                fields.side = try reader.string()
            } else if reader.isText(key, "instrument_name") {
                fields.symbol = try reader.string()
            } else if reader.isText(key, "liquidation") {
                if try !reader.takeNull() { fields.liquidation = try reader.string() }
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
    }

    /// Passes a value and gives where it starts.
    @inline(__always)
    static func place(_ reader: inout JSONReader) throws(JSONError) -> Int {
        _ = try reader.peek()
        let start = reader.index
        try reader.skipValue()
        return start
    }

    /// Passes a text that can be published as it stands: printable ASCII without quotes and escapes.
    @inline(__always)
    private static func plainText(_ reader: inout JSONReader) throws(JSONError) -> Range<Int> {
        let text = try reader.string()
        guard !text.isEmpty, text.count <= StreamTable.nameMax else { throw .value(offset: text.lowerBound) }
        for index in text {
            let byte = reader.bytes[index]
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { throw .value(offset: index) }
        }
        return text
    }

    @inline(__always)
    private func append(
        _ fields: TradeFields, _ bytes: Span<UInt8>, _ instrument: InstrumentID, _ wanted: DeribitWanted,
        _ received: Int64, isBackfilled: Bool = false, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let id = fields.id, let sequence = fields.sequence, let price = fields.price, let size = fields.size,
            let side = fields.side
        else { throw .missingField }
        let reader = JSONReader(bytes)
        let isBuy = reader.isText(side, "buy")
        guard isBuy || reader.isText(side, "sell") else { throw .missingField }
        let text = FrameText(offset: id.lowerBound, count: id.count)
        if wanted.contains(.trades) {
            let scales = self.scales(of: instrument)
            var trade = Trade(
                instrument: instrument, id: text, sequence: sequence,
                price: try Self.decimal(bytes, at: price, .price, instrument, scales),
                size: try Self.decimal(bytes, at: size, .size, instrument, scales),
                aggressor: isBuy ? .buy : .sell, isAggregate: false, eventTime: fields.time, sentTime: .none,
                receivedMicroseconds: received)
            trade.isBackfilled = isBackfilled
            guard batch.append(.trade(trade)) else { throw .tooLarge }
        }
        guard let flag = fields.liquidation, wanted.contains(.liquidations) else { return }
        let liquidated = try Self.liquidated(bytes, flag)
        var reading = JSONReader(bytes)
        var liquidation = Liquidation(
            instrument: instrument, id: text, position: .long,
            price: try Self.value(&reading, at: price), priceKind: .trade,
            size: try Self.value(&reading, at: size), isSampled: false, eventTime: fields.time,
            receivedMicroseconds: received)
        guard liquidation.size.signum >= 0 else { throw .missingField }
        // A taker who bought closed a short; then the maker sold, and closed a long. And the other way round.
        if liquidated.taker {
            liquidation.position = isBuy ? .short : .long
            guard batch.append(.liquidation(liquidation)) else { throw .tooLarge }
        }
        if liquidated.maker {
            liquidation.position = isBuy ? .long : .short
            liquidation.ordinal = liquidated.taker ? 1 : 0
            guard batch.append(.liquidation(liquidation)) else { throw .tooLarge }
        }
    }

    /// Reads `M`, `T` or `MT`: the maker's side, the taker's or both.
    private static func liquidated(_ bytes: Span<UInt8>, _ flag: Range<Int>) throws(FrameRefusal) -> Liquidated {
        var liquidated = Liquidated()
        guard !flag.isEmpty, flag.count <= 2 else { throw .missingField }
        for index in flag {
            switch bytes[index] {
            case UInt8(ascii: "M"): liquidated.maker = true
            case UInt8(ascii: "T"): liquidated.taker = true
            default: throw .missingField
            }
        }
        return liquidated
    }

    private static func value(_ reader: inout JSONReader, at place: Int) throws(FrameRefusal) -> DecimalValue {
        reader.index = place
        do throws(JSONError) {
            return try reader.bareValue()
        } catch {
            throw .json(error)
        }
    }
}
