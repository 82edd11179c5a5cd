import MarketModel

extension OKXDecoder {
    /// What a trade said, as places in the frame.
    private struct Fields {
        var symbol: Range<Int>?
        var id: Range<Int>?
        var price: Range<Int>?
        var size: Range<Int>?
        var side: Range<Int>?
        var time: Timestamp?
        /// How many trades it stands for: one before the venue said so.
        var count: Range<Int>?
    }

    /// Decodes one trade: what one order took at one price, whose id is the last of the trades it is made of.
    func decodeTrade(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ subject: Range<Int>, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        do throws(JSONError) {
            try Self.readTrade(&reader, &fields)
        } catch {
            throw .json(error)
        }
        guard let symbol = fields.symbol else { throw .missingField }
        guard reader.isEqual(symbol, subject) else { throw .mismatch }
        let trade = try self.trade(reader, fields, stream.instrument, received)
        guard batch.append(.trade(trade)) else { throw .tooLarge }
    }

    /// Decodes one trade of an answer; one whose id is not above `last` is no part of an answer to a question for ids.
    ///
    /// - Returns: Its id.
    func decodePastTrade(
        _ reader: inout JSONReader, _ instrument: InstrumentID, after last: UInt64?, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) -> UInt64 {
        var fields = Fields()
        do throws(JSONError) {
            try Self.readTrade(&reader, &fields)
        } catch {
            throw .json(error)
        }
        guard let symbol = fields.symbol else { throw .missingField }
        guard self.instrument(reader.bytes, at: symbol) == instrument else { throw .mismatch }
        var trade = try self.trade(reader, fields, instrument, received)
        if let last, trade.firstSequence <= last { throw .mismatch }
        trade.isBackfilled = true
        guard batch.append(.trade(trade)) else { throw .tooLarge }
        return trade.sequence
    }

    @inline(__always)
    private func trade(
        _ reader: JSONReader, _ fields: Fields, _ instrument: InstrumentID, _ received: Int64
    ) throws(FrameRefusal) -> Trade {
        guard let id = fields.id, let sequence = reader.number(at: id), let priceText = fields.price,
            let sizeText = fields.size, let sideText = fields.side, let time = fields.time
        else { throw .missingField }
        var count: UInt64 = 1
        if let text = fields.count {
            guard let told = reader.number(at: text), told > 0, told <= sequence else { throw .missingField }
            count = told
        }
        let isBuy = reader.isText("buy", at: sideText)
        guard isBuy || reader.isText("sell", at: sideText) else { throw .missingField }
        let scales = self.scales(of: instrument)
        let size = try Self.decimal(reader.bytes, sizeText, .size, instrument, scales)
        guard size >= 0 else { throw .missingField }
        return Trade(
            instrument: instrument, id: FrameText(offset: id.lowerBound, count: id.count), sequence: sequence,
            firstSequence: sequence - (count - 1),
            price: try Self.decimal(reader.bytes, priceText, .price, instrument, scales), size: size,
            aggressor: isBuy ? .buy : .sell, isAggregate: count > 1, eventTime: time, sentTime: .none,
            receivedMicroseconds: received)
    }

    @inline(__always)
    private static func readTrade(_ reader: inout JSONReader, _ fields: inout Fields) throws(JSONError) {
        var walk = JSONWalk()
        while try reader.nextKey(&walk) {
            if reader.isText("instId", at: walk.key) {
                fields.symbol = try reader.string()
            } else if reader.isText("tradeId", at: walk.key) {
                fields.id = try reader.string()
            } else if reader.isText("px", at: walk.key) {
                fields.price = try reader.string()
            } else if reader.isText("sz", at: walk.key) {
                fields.size = try reader.string()
            } else if reader.isText("side", at: walk.key) {
                fields.side = try reader.string()
            } else if reader.isText("ts", at: walk.key) {
                fields.time = try reader.quotedMilliseconds()
            } else if reader.isText("count", at: walk.key) {
                fields.count = try reader.string()
            } else {
                try reader.skipValue()
            }
        }
    }

    /// Reads the decimal that is the whole of `range`.
    @inline(__always)
    private static func decimal(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ field: LevelField, _ instrument: InstrumentID,
        _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64 {
        var index = range.lowerBound
        do throws(DecimalTextError) {
            let value = try bytes.decimal(at: &index, scale: field == .price ? scales.price : scales.size)
            guard index == range.upperBound else { throw .malformed }
            return value
        } catch {
            throw FrameRefusal(error, of: field, instrument, at: scales)
        }
    }
}
