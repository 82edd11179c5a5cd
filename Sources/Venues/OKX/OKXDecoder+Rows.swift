package import MarketModel

/// Bars and ratios, which are rows of texts: `["1597026383085","8533.02",…]`.
extension OKXDecoder {
    /// Where the texts of a row stand; further ones than these are passed over.
    private struct Row {
        static let columnsMax = 9
        var columns = InlineArray<9, Range<Int>>(repeating: 0..<0)
        var count = 0
    }

    /// Decodes a bar: `[ts, open, high, low, close, vol, volCcy, volCcyQuote, confirm]`.
    ///
    /// `vol` counts contracts on derivatives, where `volCcy` counts the base asset; on spot `vol` counts the base asset.
    /// `volCcyQuote` counts the quote asset everywhere. `confirm` is 1 when the bar is final.
    /// - Parameters:
    ///   - isAnswer: Whether it was asked for; then a bar that is not final is passed over.
    ///   - missed: Bars that ended then are backfilled.
    func decodeCandle(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ interval: KlineInterval, _ received: Int64,
        isAnswer: Bool, missed: ClosedRange<Int64>? = nil, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let row = try Self.row(&reader)
        guard row.count == Row.columnsMax else { throw .missingField }
        let isClosed = reader.isText("1", at: row.columns[8])
        guard isClosed || reader.isText("0", at: row.columns[8]) else { throw .missingField }
        if isAnswer, !isClosed { return }
        let isSpot = self.segment == .spot
        var bar = Kline(
            instrument: instrument, interval: interval, openTime: try Self.time(reader, row.columns[0]),
            receivedMicroseconds: received)
        bar.open = try Self.number(reader, row.columns[1])
        bar.high = try Self.number(reader, row.columns[2])
        bar.low = try Self.number(reader, row.columns[3])
        bar.close = try Self.number(reader, row.columns[4])
        bar.baseVolume = try Self.number(reader, row.columns[isSpot ? 5 : 6])
        bar.quoteVolume = try Self.number(reader, row.columns[7])
        if !isSpot { bar.contractVolume = try Self.number(reader, row.columns[5]) }
        bar.isClosed = isClosed
        bar.isConfirmed = isAnswer
        if let missed, let opened = bar.openTime.microseconds {
            bar.isBackfilled = interval.ended(barOpenedAt: opened, in: missed)
        }
        guard batch.append(.kline(bar)) else { throw .tooLarge }
    }

    /// Decodes a ratio: `[ts, ratio]`.
    private func decodeRatio(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ kind: LongShortRatio.Kind, _ period: KlineInterval,
        _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let row = try Self.row(&reader)
        guard row.count >= 2 else { throw .missingField }
        let event = LongShortRatio(
            instrument: instrument, kind: kind, ratio: try Self.needed(reader.bytes, row.columns[1]),
            periodMicroseconds: period.microseconds ?? 0, eventTime: try Self.time(reader, row.columns[0]),
            receivedMicroseconds: received)
        guard batch.append(.longShortRatio(event)) else { throw .tooLarge }
    }

    /// Decodes open interest at the end of a period, `[ts, contracts, base asset, US dollars]`, which must lie behind `last`.
    ///
    /// - Returns: Its time, microseconds.
    private func decodePastOpenInterest(
        _ reader: inout JSONReader, _ instrument: InstrumentID, after last: Int64?, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) -> Int64 {
        let row = try Self.row(&reader)
        guard row.count >= 2 else { throw .missingField }
        var event = OpenInterest(
            instrument: instrument, amount: try Self.needed(reader.bytes, row.columns[1]),
            eventTime: try Self.time(reader, row.columns[0]), receivedMicroseconds: received)
        if row.count > 2 { event.baseAmount = Self.given(reader.bytes, row.columns[2]) }
        if row.count > 3 { event.valueUSD = Self.given(reader.bytes, row.columns[3]) }
        let time = try Self.later(event.eventTime, than: last)
        guard batch.append(.openInterest(event)) else { throw .tooLarge }
        return time
    }

    /// Decodes a bar of the mark price, `[ts, open, high, low, close, confirm]`, which must lie behind `last`; one that is
    /// not final is passed over.
    ///
    /// - Returns: Its opening, microseconds.
    private func decodeMarkPriceBar(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ interval: KlineInterval, after last: Int64?,
        _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) -> Int64 {
        let row = try Self.row(&reader)
        guard row.count >= 6, let length = interval.microseconds else { throw .missingField }
        let isClosed = reader.isText("1", at: row.columns[5])
        guard isClosed || reader.isText("0", at: row.columns[5]) else { throw .missingField }
        var bar = MarkPrice(
            instrument: instrument, mark: try Self.needed(reader.bytes, row.columns[4]),
            eventTime: try Self.time(reader, row.columns[0]), receivedMicroseconds: received)
        bar.open = try Self.needed(reader.bytes, row.columns[1])
        bar.high = try Self.needed(reader.bytes, row.columns[2])
        bar.low = try Self.needed(reader.bytes, row.columns[3])
        bar.resolutionMicroseconds = length
        let time = try Self.later(bar.eventTime, than: last)
        guard !isClosed || batch.append(.markPrice(bar)) else { throw .tooLarge }
        return time
    }

    private static func later(_ time: Timestamp, than last: Int64?) throws(FrameRefusal) -> Int64 {
        guard let time = time.microseconds else { throw .missingField }
        if let last, time <= last { throw .mismatch }
        return time
    }

    /// Decodes `{"code":"0","msg":"","data":[…]}`, whose rows come newest first, and gives them oldest first.
    package mutating func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let instrument else { throw .mismatch }
        let bytes = UnsafeBufferPointer<UInt8>(
            start: frame.bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count: frame.bytes.count
        ).span
        var reader = JSONReader(bytes)
        let rows: [Int]
        do throws(JSONError) {
            rows = try Self.rows(&reader)
        } catch {
            throw .json(error)
        }
        guard question != .bookAudit || rows.count == 1 else { throw .missingField }
        var lastTrade: UInt64?
        var lastTime: Int64?
        let received = frame.receivedMicroseconds
        for start in rows.reversed() {
            reader.index = start
            switch question {
            case .ratio(let kind, let period):
                try self.decodeRatio(&reader, instrument, kind, period, received, into: &batch)
            case .klines(let interval, let missed):
                try self.decodeCandle(
                    &reader, instrument, interval, received, isAnswer: true, missed: missed, into: &batch)
            case .trades:
                lastTrade = try self.decodePastTrade(&reader, instrument, after: lastTrade, received, into: &batch)
            case .fundingHistory:
                lastTime = try self.decodePastFunding(&reader, instrument, after: lastTime, received, into: &batch)
            case .openInterestHistory:
                lastTime = try self.decodePastOpenInterest(
                    &reader, instrument, after: lastTime, received, into: &batch)
            case .markPriceBars(let interval):
                lastTime = try self.decodeMarkPriceBar(
                    &reader, instrument, interval, after: lastTime, received, into: &batch)
            case .bookAudit: try self.decodeBookAnswer(&reader, instrument, received, into: &batch)
            case .depthSnapshot, .openInterest, .volatilityIndex, .fundingIntervals: throw .unknownEvent
            }
        }
    }

    // MARK: - Private

    /// Gives where the elements of an answer's `data` start; an answer without them is none.
    private static func rows(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
        var rows: [Int]?
        var isSuccess = false
        var walk = JSONWalk()
        while try reader.nextKey(&walk) {
            if reader.isText("code", at: walk.key) {
                isSuccess = reader.isText("0", at: try reader.string())
            } else if reader.isText("data", at: walk.key), rows == nil {
                var starts: [Int] = []
                var list = JSONWalk()
                while try reader.nextElement(&list) {
                    starts.append(try reader.position())
                    try reader.skipValue()
                }
                rows = starts
            } else {
                try reader.skipValue()
            }
        }
        guard let rows, isSuccess else { throw .unexpected(offset: reader.index) }
        return rows
    }

    private static func row(_ reader: inout JSONReader) throws(FrameRefusal) -> Row {
        var row = Row()
        do throws(JSONError) {
            var walk = JSONWalk()
            while try reader.nextElement(&walk) {
                if row.count < Row.columnsMax {
                    row.columns[row.count] = try reader.string()
                    row.count += 1
                } else {
                    try reader.skipValue()
                }
            }
        } catch {
            throw .json(error)
        }
        return row
    }

    private static func time(_ reader: JSONReader, _ range: Range<Int>) throws(FrameRefusal) -> Timestamp {
        guard let value = reader.number(at: range), let milliseconds = Int64(exactly: value),
            case let time = Timestamp(milliseconds: milliseconds), time != .none
        else { throw .missingField }
        return time
    }

    /// The number at `range`, whatever its length.
    private static func number(_ reader: JSONReader, _ range: Range<Int>) throws(FrameRefusal) -> FrameText {
        guard DecimalParts(reader.bytes, range) != nil else { throw .missingField }
        return FrameText(offset: range.lowerBound, count: range.count)
    }
}
