import MarketModel

extension DeribitDecoder {
    /// What a ticker said; nil for what it left out, nothing for null.
    private struct TickerFields {
        var symbol: Range<Int>?
        var mark: DecimalValue?
        var index: DecimalValue?
        var rate: DecimalValue?
        var settledRate: DecimalValue?
        var openInterest: DecimalValue?
        var time = Timestamp.none
    }

    /// Decodes the mark price, the funding and the open interest of a ticker, each only where it is wanted and another
    /// than the last one of this channel.
    ///
    /// Funding is continuous: `current_funding` is what is paid now, `funding_8h` what the last eight hours came to.
    func decodeTicker(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) -> DeribitStreams.Told {
        var fields = TickerFields()
        do throws(JSONError) {
            try Self.readTicker(&reader, stream.wanted, &fields)
        } catch {
            throw .json(error)
        }
        try self.check(reader.bytes, fields.symbol, against: stream)
        var told = stream.told
        if stream.wanted.contains(.mark) {
            let mark = try Self.required(fields.mark)
            let index = fields.index ?? .none
            if mark.isGiven, mark != told.mark || index != told.index {
                let event = MarkPrice(
                    instrument: stream.instrument, mark: mark, index: index, eventTime: fields.time,
                    receivedMicroseconds: received)
                guard batch.append(.markPrice(event)) else { throw .tooLarge }
                told.mark = mark
                told.index = index
            }
        }
        if stream.wanted.contains(.funding), let rate = fields.rate, rate.isGiven {
            let settledRate = fields.settledRate ?? .none
            if rate != told.rate || settledRate != told.settledRate {
                let event = FundingRate(
                    instrument: stream.instrument, rate: rate, settledRate: settledRate, accrual: .continuous,
                    eventTime: fields.time, receivedMicroseconds: received)
                guard batch.append(.fundingRate(event)) else { throw .tooLarge }
                told.rate = rate
                told.settledRate = settledRate
            }
        }
        if stream.wanted.contains(.openInterest) {
            let amount = try Self.required(fields.openInterest)
            if amount.isGiven, amount != told.openInterest {
                let event = OpenInterest(
                    instrument: stream.instrument, amount: amount, eventTime: fields.time,
                    receivedMicroseconds: received)
                guard batch.append(.openInterest(event)) else { throw .tooLarge }
                told.openInterest = amount
            }
        }
        return told
    }

    private static func readTicker(
        _ reader: inout JSONReader, _ wanted: DeribitWanted, _ fields: inout TickerFields
    ) throws(JSONError) {
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "timestamp") {
                fields.time = try reader.milliseconds()
            } else if reader.isText(key, "instrument_name") {
                fields.symbol = try reader.string()
            } else if wanted.contains(.mark), reader.isText(key, "mark_price") {
                fields.mark = try reader.bareValueOrNull()
            } else if wanted.contains(.mark), reader.isText(key, "index_price") {
                fields.index = try reader.bareValueOrNull()
            } else if wanted.contains(.openInterest), reader.isText(key, "open_interest") {
                fields.openInterest = try reader.bareValueOrNull()
            } else if wanted.contains(.funding), reader.isText(key, "current_funding") {
                fields.rate = try reader.bareValueOrNull()
            } else if wanted.contains(.funding), reader.isText(key, "funding_8h") {
                fields.settledRate = try reader.bareValueOrNull()
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
    }

    // MARK: - Volatility index

    /// Decodes a value of a volatility index as it stands, annualised percent.
    func decodeVolatility(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var symbol: Range<Int>?
        var value: DecimalValue?
        var time: Timestamp?
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "index_name") {
                    symbol = try reader.string()
                } else if reader.isText(key, "volatility") {
                    value = try reader.bareValue()
                } else if reader.isText(key, "timestamp") {
                    time = try reader.milliseconds()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        try self.check(reader.bytes, symbol, against: stream)
        guard let value, let time else { throw .missingField }
        let event = VolatilityIndex(
            instrument: stream.instrument, close: value, eventTime: time, receivedMicroseconds: received)
        guard batch.append(.volatilityIndex(event)) else { throw .tooLarge }
    }
}
