package import MarketModel

/// Answers of the venue's REST.
extension BinanceDecoder {
    package mutating func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        let received = frame.receivedMicroseconds
        if case .fundingIntervals = question { return try self.decodeFundingIntervals(&reader) }
        guard let instrument else { throw .mismatch }
        switch question {
        case .depthSnapshot: try self.decodeSnapshot(&reader, .snapshot, of: instrument, received, into: &batch)
        case .bookAudit: try self.decodeSnapshot(&reader, .audit, of: instrument, received, into: &batch)
        case .openInterest: try self.decodeOpenInterest(&reader, of: instrument, received, into: &batch)
        case .ratio(let kind, let period):
            try self.decodeRatio(&reader, kind, period, of: instrument, received, into: &batch)
        case .klines(let interval, let missed):
            try self.decodeKlines(&reader, of: instrument, interval, missed, received, into: &batch)
        case .trades: try self.decodeTrades(&reader, of: instrument, received, into: &batch)
        case .fundingHistory: try self.decodeFundingHistory(&reader, of: instrument, received, into: &batch)
        case .openInterestHistory:
            try self.decodeOpenInterestHistory(&reader, of: instrument, received, into: &batch)
        case .markPriceBars(let interval):
            try self.decodeMarkPriceBars(&reader, of: instrument, interval, received, into: &batch)
        case .volatilityIndex, .fundingIntervals: throw .unknownEvent
        }
    }

    private func decodeSnapshot(
        _ reader: inout JSONReader, _ kind: DepthUpdate.Kind, of instrument: InstrumentID, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = DepthFields()
        try self.readDepth(&reader, instrument, &fields, into: &batch.levels)
        guard let last = fields.snapshotLast, fields.hasBids, fields.hasAsks else { throw .missingField }
        let update = DepthUpdate(
            instrument: instrument, kind: kind, before: 0, last: last,
            eventTime: fields.engineTime == .none ? fields.sentTime : fields.engineTime, sentTime: fields.sentTime,
            receivedMicroseconds: received, bids: fields.bids, asks: fields.asks)
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    /// Reads `{"symbol":"BTCUSDT","openInterest":"10659.509","time":1589437530011}`: base units, contracts on COIN-M.
    private func decodeOpenInterest(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var symbol: Range<Int>?
        var amount: Range<Int>?
        var time = Timestamp.none
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "symbol") {
                    symbol = try reader.string()
                } else if reader.isText(key, "openInterest") {
                    amount = try reader.string()
                } else if reader.isText(key, "time") {
                    time = try reader.milliseconds()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        guard let symbol, let amount, time != .none else { throw .missingField }
        if self.contracts.isOther(reader.bytes, symbol, than: instrument) { throw .mismatch }
        let value = try Self.value(reader.bytes, amount, instrument)
        guard value.isGiven else { throw .missingField }
        let event = OpenInterest(
            instrument: instrument, amount: value, eventTime: time, receivedMicroseconds: received)
        guard batch.append(.openInterest(event)) else { throw .tooLarge }
    }

    // MARK: - Funding intervals

    /// Reads `[{"symbol":"BLZUSDT","fundingIntervalHours":4,…}]`, whole or not at all; other symbols are passed over.
    private mutating func decodeFundingIntervals(_ reader: inout JSONReader) throws(FrameRefusal) {
        var listed: [BinanceContracts.Interval] = []
        do throws(JSONError) {
            var isRow = try reader.beginArray()
            while isRow {
                var symbol: Range<Int>?
                var hours: UInt64?
                var isMember = try reader.beginObject()
                while isMember {
                    let key = try reader.key()
                    if reader.isText(key, "symbol") {
                        symbol = try reader.string()
                    } else if reader.isText(key, "fundingIntervalHours") {
                        hours = try reader.unsigned()
                    } else {
                        try reader.skipValue()
                    }
                    isMember = try reader.nextMember()
                }
                if let symbol, let hours, (1...Self.fundingHoursMax).contains(hours),
                    let instrument = self.contracts.instrument(reader.bytes, symbol)
                {
                    listed.append(
                        BinanceContracts.Interval(instrument: instrument, microseconds: Int64(hours) * 3_600_000_000))
                }
                isRow = try reader.nextElement()
            }
        } catch {
            throw .json(error)
        }
        self.contracts.setIntervals(listed)
    }

    /// What goes past a month is no interval of funding; the venue's are one to eight hours.
    private static let fundingHoursMax: UInt64 = 744
}
