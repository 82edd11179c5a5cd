import MarketModel

/// What happened before: trades and charged rates that were asked for.
extension BinanceDecoder {
    /// A row of trades: places of its numbers in the answer.
    private struct TradeRow {
        /// Whether it names its parts by one letter, as trades that were put together do.
        var isAggregate = false
        var id: Range<Int>?
        var sequence: UInt64?
        /// The first and the last of the trades that were put together.
        var first: Range<Int>?
        var last: Range<Int>?
        var price: Int?
        var size: Int?
        var time = Timestamp.none
        var buyerIsMaker: Bool?
    }

    /// Reads trades oldest first: `[{"id":28457,"price":"4.00","qty":"12.0","time":1499865549590,"isBuyerMaker":true}]`,
    /// or `[{"a":26129,"p":"0.0163","q":"4.7","f":27781,"l":27781,"T":1498793709153,"m":true}]`, put together.
    ///
    /// The venue does not repeat the symbol; the scales of an instrument without a stream here are not known. Rows whose ids
    /// do not rise are no answer to a question for ids. Where trades are counted one by one, those that were put together
    /// tell the ids of all that they are made of.
    func decodeTrades(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard self.contracts.isKnown(instrument) else { throw .unknownStream }
        var isRow: Bool
        do throws(JSONError) {
            isRow = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        var next: UInt64 = 0
        while isRow {
            var row = TradeRow()
            do throws(JSONError) {
                row = try Self.readTrade(&reader)
                isRow = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            let trade = try self.trade(reader.bytes, row, instrument, received)
            guard trade.sequence >= next else { throw .mismatch }
            next = trade.sequence + 1
            guard batch.append(.trade(trade)) else { throw .tooLarge }
        }
    }

    private static func readTrade(_ reader: inout JSONReader) throws(JSONError) -> TradeRow {
        var row = TradeRow()
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "id") || reader.isText(key, "a") {
                row.isAggregate = key.count == 1
                let start = try reader.position()
                row.sequence = try reader.unsigned()
                row.id = start..<reader.index
            } else if reader.isText(key, "f") {
                row.first = try reader.plainValue()
            } else if reader.isText(key, "l") {
                row.last = try reader.plainValue()
            } else if reader.isText(key, "price") || reader.isText(key, "p") {
                row.price = try reader.valuePosition()
            } else if reader.isText(key, "qty") || reader.isText(key, "q") {
                row.size = try reader.valuePosition()
            } else if reader.isText(key, "time") || reader.isText(key, "T") {
                row.time = try reader.milliseconds()
            } else if reader.isText(key, "isBuyerMaker") || reader.isText(key, "m") {
                row.buyerIsMaker = try reader.boolean()
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
        return row
    }

    private func trade(
        _ bytes: Span<UInt8>, _ row: TradeRow, _ instrument: InstrumentID, _ received: Int64
    ) throws(FrameRefusal) -> Trade {
        guard var id = row.id, var sequence = row.sequence, sequence < .max, let price = row.price,
            let size = row.size, let buyerIsMaker = row.buyerIsMaker, row.time != .none
        else { throw .missingField }
        var first = sequence
        if row.isAggregate, self.countsSingleTrades {
            let reader = JSONReader(bytes)
            guard let last = row.last, let lastID = reader.number(at: last),
                let firstID = row.first.flatMap({ reader.number(at: $0) }), firstID <= lastID
            else { throw .missingField }
            id = last
            sequence = lastID
            first = firstID
        }
        let scales = self.scales(of: instrument)
        var trade = Trade(
            instrument: instrument, id: FrameText(offset: id.lowerBound, count: id.count), sequence: sequence,
            firstSequence: first,
            price: try Self.decimal(bytes, at: price, .price, instrument, scales),
            size: try Self.decimal(bytes, at: size, .size, instrument, scales),
            aggressor: buyerIsMaker ? .sell : .buy, isAggregate: row.isAggregate, eventTime: row.time,
            sentTime: .none, receivedMicroseconds: received)
        trade.isBackfilled = true
        return trade
    }

    // MARK: - Funding

    /// Reads what was charged: `[{"symbol":"BTCUSDT","fundingRate":"-0.0375","fundingTime":1570608000000,…}]`.
    func decodeFundingHistory(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var isRow: Bool
        do throws(JSONError) {
            isRow = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        var last = Int64.min
        while isRow {
            var symbol: Range<Int>?
            var rate: Range<Int>?
            var time = Timestamp.none
            do throws(JSONError) {
                var isMember = try reader.beginObject()
                while isMember {
                    let key = try reader.key()
                    if reader.isText(key, "symbol") {
                        symbol = try reader.string()
                    } else if reader.isText(key, "fundingRate") {
                        rate = try reader.string()
                    } else if reader.isText(key, "fundingTime") {
                        time = try reader.milliseconds()
                    } else {
                        try reader.skipValue()
                    }
                    isMember = try reader.nextMember()
                }
                isRow = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            guard let symbol, let rate, let charged = time.microseconds else { throw .missingField }
            guard !self.contracts.isOther(reader.bytes, symbol, than: instrument), charged > last else {
                throw .mismatch
            }
            last = charged
            let value = try Self.value(reader.bytes, rate, instrument)
            guard value.isGiven else { throw .missingField }
            let event = FundingRate(charged: value, at: time, of: instrument, receivedMicroseconds: received)
            guard batch.append(.fundingRate(event)) else { throw .tooLarge }
        }
    }
}
