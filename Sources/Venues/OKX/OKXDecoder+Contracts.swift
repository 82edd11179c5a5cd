import MarketModel

/// Figures of contracts: mark price, index, funding, open interest.
extension OKXDecoder {
    /// What such a frame said, as places in the frame.
    private struct Fields {
        var symbol: Range<Int>?
        var time: Timestamp?
        var mark: Range<Int>?
        var index: Range<Int>?
        var rate: Range<Int>?
        var settledRate: Range<Int>?
        var realizedRate: Range<Int>?
        var fundingTime: Range<Int>?
        var nextFundingTime: Range<Int>?
        var contracts: Range<Int>?
        var base: Range<Int>?
        var dollars: Range<Int>?
    }

    /// How old an index may be beside a mark price: it comes once a minute where it does not change.
    private static let indexAgeMax: Int64 = 120_000_000

    /// Decodes a mark price; the index beside it is the last one that came on this connection.
    func decodeMarkPrice(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ subject: Range<Int>, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let (fields, time) = try Self.read(&reader, subject)
        var event = MarkPrice(
            instrument: stream.instrument, mark: try Self.needed(reader.bytes, fields.mark), eventTime: time,
            receivedMicroseconds: received)
        let index = self.indexPrice(of: stream.instrument)
        if let now = time.microseconds, let then = index.time.microseconds, abs(now - then) <= Self.indexAgeMax {
            event.index = index.price
        }
        guard batch.append(.markPrice(event)) else { throw .tooLarge }
    }

    /// Takes an index for the mark prices that follow.
    mutating func decodeIndexTicker(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ subject: Range<Int>
    ) throws(FrameRefusal) {
        let (fields, time) = try Self.read(&reader, subject)
        let price = try Self.needed(reader.bytes, fields.index)
        self.setIndexPrice(IndexPrice(price: price, time: time), of: stream.instrument)
    }

    /// Decodes a funding rate: the one predicted for the next payment, how long its interval is, the last one paid.
    func decodeFundingRate(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ subject: Range<Int>, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let (fields, time) = try Self.read(&reader, subject)
        var event = FundingRate(
            instrument: stream.instrument, rate: try Self.needed(reader.bytes, fields.rate),
            settledRate: Self.given(reader.bytes, fields.settledRate), eventTime: time, receivedMicroseconds: received)
        event.fundingTime = Self.time(reader, fields.fundingTime)
        let next = Self.time(reader, fields.nextFundingTime)
        if let start = event.fundingTime.microseconds, let end = next.microseconds, end > start {
            event.intervalMicroseconds = end - start
        }
        guard batch.append(.fundingRate(event)) else { throw .tooLarge }
    }

    /// Decodes what was charged: `{"instId":"BTC-USDT-SWAP","fundingRate":"0.0001","realizedRate":"0.00009",…}`.
    ///
    /// `realizedRate` is it, beside which stands what had been predicted. One that was not charged after `last` is no
    /// part of the answer.
    /// - Returns: When it was charged, microseconds.
    func decodePastFunding(
        _ reader: inout JSONReader, _ instrument: InstrumentID, after last: Int64?, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) -> Int64 {
        var fields = Fields()
        do throws(JSONError) {
            var walk = JSONWalk()
            while try reader.nextKey(&walk) { try Self.readField(&reader, walk.key, &fields) }
        } catch {
            throw .json(error)
        }
        let time = Self.time(reader, fields.fundingTime)
        guard let symbol = fields.symbol, let charged = time.microseconds else { throw .missingField }
        guard self.instrument(reader.bytes, at: symbol) == instrument else { throw .mismatch }
        if let last, charged <= last { throw .mismatch }
        let event = FundingRate(
            charged: try Self.needed(reader.bytes, fields.realizedRate), at: time, of: instrument,
            receivedMicroseconds: received)
        guard batch.append(.fundingRate(event)) else { throw .tooLarge }
        return charged
    }

    func decodeOpenInterest(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ subject: Range<Int>, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let (fields, time) = try Self.read(&reader, subject)
        let event = OpenInterest(
            instrument: stream.instrument, amount: try Self.needed(reader.bytes, fields.contracts),
            baseAmount: Self.given(reader.bytes, fields.base), valueUSD: Self.given(reader.bytes, fields.dollars),
            eventTime: time, receivedMicroseconds: received)
        guard batch.append(.openInterest(event)) else { throw .tooLarge }
    }

    // MARK: - Private

    /// Reads an object, which must speak of the stream's symbol and say its time.
    private static func read(
        _ reader: inout JSONReader, _ subject: Range<Int>
    ) throws(FrameRefusal) -> (fields: Fields, time: Timestamp) {
        var fields = Fields()
        do throws(JSONError) {
            var walk = JSONWalk()
            while try reader.nextKey(&walk) { try Self.readField(&reader, walk.key, &fields) }
        } catch {
            throw .json(error)
        }
        guard let symbol = fields.symbol, let time = fields.time else { throw .missingField }
        guard reader.isEqual(symbol, subject) else { throw .mismatch }
        return (fields, time)
    }

    private static func readField(
        _ reader: inout JSONReader, _ key: Range<Int>, _ fields: inout Fields
    ) throws(JSONError) {
        if reader.isText("instId", at: key) {
            fields.symbol = try reader.string()
        } else if reader.isText("ts", at: key) {
            fields.time = try reader.quotedMilliseconds()
        } else if reader.isText("markPx", at: key) {
            fields.mark = try reader.givenText()
        } else if reader.isText("idxPx", at: key) {
            fields.index = try reader.givenText()
        } else if reader.isText("fundingRate", at: key) {
            fields.rate = try reader.givenText()
        } else if reader.isText("settFundingRate", at: key) {
            fields.settledRate = try reader.givenText()
        } else if reader.isText("realizedRate", at: key) {
            fields.realizedRate = try reader.givenText()
        } else if reader.isText("fundingTime", at: key) {
            fields.fundingTime = try reader.givenText()
        } else if reader.isText("nextFundingTime", at: key) {
            fields.nextFundingTime = try reader.givenText()
        } else if reader.isText("oi", at: key) {
            fields.contracts = try reader.givenText()
        } else if reader.isText("oiCcy", at: key) {
            fields.base = try reader.givenText()
        } else if reader.isText("oiUsd", at: key) {
            fields.dollars = try reader.givenText()
        } else {
            try reader.skipValue()
        }
    }

    /// The number at `range`, without which the frame says nothing.
    static func needed(_ bytes: Span<UInt8>, _ range: Range<Int>?) throws(FrameRefusal) -> DecimalValue {
        guard let range else { throw .missingField }
        do throws(DecimalTextError) {
            return try DecimalValue(parsing: bytes, at: range)
        } catch {
            throw .missingField
        }
    }

    /// The number at `range`; nothing where there is none that can be held.
    static func given(_ bytes: Span<UInt8>, _ range: Range<Int>?) -> DecimalValue {
        (try? Self.needed(bytes, range)) ?? .none
    }

    private static func time(_ reader: JSONReader, _ range: Range<Int>?) -> Timestamp {
        guard let range, let value = reader.number(at: range), let milliseconds = Int64(exactly: value) else {
            return .none
        }
        return Timestamp(milliseconds: milliseconds)
    }
}
