package import MarketModel

extension DeribitDecoder {
    package mutating func decodeAnswer(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let instrument else { throw .mismatch }
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
        guard envelope.code == nil, let result = envelope.result else { throw .unknownEvent }
        reader.index = result
        // The venue's own clock says which bars are over, ours where it does not.
        let sent = envelope.sent.flatMap { Int64(exactly: $0) }
        let answer = Answer(
            instrument: instrument, sent: sent ?? frame.receivedMicroseconds, received: frame.receivedMicroseconds)
        switch question {
        case .volatilityIndex(let interval):
            try Self.decodeVolatilityBars(&reader, answer, interval, into: &batch)
        case .klines(let interval, let missed):
            try Self.decodeBars(&reader, answer, interval, missed, into: &batch)
        case .trades: try self.decodePastTrades(&reader, of: instrument, answer.received, into: &batch)
        case .fundingHistory: try Self.decodeFundingHistory(&reader, of: instrument, answer.received, into: &batch)
        case .bookAudit: try self.decodeBookAnswer(&reader, instrument, answer.received, into: &batch)
        case .depthSnapshot, .openInterest, .ratio, .fundingIntervals, .openInterestHistory, .markPriceBars:
            throw .unknownEvent
        }
    }

    /// An answer and its times, microseconds.
    private struct Answer {
        let instrument: InstrumentID
        let sent: Int64
        let received: Int64

        /// Whether a bar that opened then was over when the answer was sent.
        func isOver(_ opened: Timestamp, _ interval: KlineInterval) -> Bool {
            guard let opened = opened.microseconds, let length = interval.microseconds else { return false }
            return opened <= self.sent - length
        }
    }

    // MARK: - Volatility index

    /// Decodes `{"data":[[1785000000000,41.3,41.5,41.2,41.4],…],"continuation":null}`; bars that are not over are left.
    ///
    /// A `continuation` tells that older bars of the range were left out; such an answer is refused.
    private static func decodeVolatilityBars(
        _ reader: inout JSONReader, _ answer: Answer, _ interval: KlineInterval, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let length = try Self.required(interval.microseconds)
        let start = reader.index
        var (hasData, isCut) = (false, false)
        do throws(JSONError) {
            if try reader.passKey("continuation") { isCut = try !reader.takeNull() }
            reader.index = start
            hasData = try reader.passKey("data")
        } catch {
            throw .json(error)
        }
        guard hasData, !isCut else { throw isCut ? .tooLarge : .missingField }
        var isElement: Bool
        do throws(JSONError) {
            isElement = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        while isElement {
            var bar = VolatilityIndex(
                instrument: answer.instrument, close: .none, resolutionMicroseconds: length, eventTime: .none,
                receivedMicroseconds: answer.received)
            do throws(JSONError) {
                try reader.expect(UInt8(ascii: "["))
                bar.eventTime = try reader.milliseconds()
                bar.open = try Self.nextValue(&reader)
                bar.high = try Self.nextValue(&reader)
                bar.low = try Self.nextValue(&reader)
                bar.close = try Self.nextValue(&reader)
                while try reader.take(UInt8(ascii: ",")) { try reader.skipValue() }
                try reader.expect(UInt8(ascii: "]"))
                isElement = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            guard answer.isOver(bar.eventTime, interval) else { continue }
            guard batch.append(.volatilityIndex(bar)) else { throw .tooLarge }
        }
    }

    private static func nextValue(_ reader: inout JSONReader) throws(JSONError) -> DecimalValue {
        try reader.expect(UInt8(ascii: ","))
        return try reader.bareValue()
    }

    // MARK: - Bars

    /// Where the parallel lists of bars stand: each in front of its next element.
    private struct Columns {
        var ticks: Int?
        var open: Int?
        var high: Int?
        var low: Int?
        var close: Int?
        var volume: Int?
        var cost: Int?
    }

    /// Decodes the bars that are over, from lists of the same length: `{"ticks":[…],"open":[…],…,"status":"ok"}`.
    private static func decodeBars(
        _ reader: inout JSONReader, _ answer: Answer, _ interval: KlineInterval, _ missed: ClosedRange<Int64>?,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var columns: Columns
        do throws(JSONError) {
            columns = try Self.columns(&reader)
        } catch {
            throw .json(error)
        }
        guard var ticks = columns.ticks, var open = columns.open, var high = columns.high, var low = columns.low,
            var close = columns.close, var volume = columns.volume
        else { throw .missingField }
        while true {
            var bar = Kline(
                instrument: answer.instrument, interval: interval, openTime: .none,
                receivedMicroseconds: answer.received)
            do throws(JSONError) {
                reader.index = ticks
                guard try Self.isElement(&reader) else { return }
                bar.openTime = try reader.milliseconds()
                ticks = reader.index
                bar.open = try Self.next(&reader, &open)
                bar.high = try Self.next(&reader, &high)
                bar.low = try Self.next(&reader, &low)
                bar.close = try Self.next(&reader, &close)
                bar.baseVolume = try Self.next(&reader, &volume)
                if var cost = columns.cost {
                    bar.quoteVolume = try Self.next(&reader, &cost)
                    columns.cost = cost
                }
            } catch {
                throw .json(error)
            }
            guard answer.isOver(bar.openTime, interval) else { continue }
            bar.isClosed = true
            bar.isConfirmed = true
            if let missed, let opened = bar.openTime.microseconds {
                bar.isBackfilled = interval.ended(barOpenedAt: opened, in: missed)
            }
            guard batch.append(.kline(bar)) else { throw .tooLarge }
        }
    }

    private static func columns(_ reader: inout JSONReader) throws(JSONError) -> Columns {
        var columns = Columns()
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            let isList = try reader.peek() == UInt8(ascii: "[")
            let place = isList ? reader.index : nil
            try reader.skipValue()
            if reader.isText(key, "ticks") {
                columns.ticks = place
            } else if reader.isText(key, "open") {
                columns.open = place
            } else if reader.isText(key, "high") {
                columns.high = place
            } else if reader.isText(key, "low") {
                columns.low = place
            } else if reader.isText(key, "close") {
                columns.close = place
            } else if reader.isText(key, "volume") {
                columns.volume = place
            } else if reader.isText(key, "cost") {
                columns.cost = place
            }
            isMember = try reader.nextMember()
        }
        return columns
    }

    /// Passes the bracket or comma at `place` and the number behind it.
    private static func next(_ reader: inout JSONReader, _ place: inout Int) throws(JSONError) -> FrameText {
        reader.index = place
        guard try Self.isElement(&reader) else { throw .unexpected(offset: reader.index) }
        let range = try reader.number()
        place = reader.index
        return FrameText(range)
    }

    /// Passes the bracket or comma in front of an element; false at the list's end.
    private static func isElement(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        if try reader.take(UInt8(ascii: ",")) { return true }
        if try reader.take(UInt8(ascii: "[")) { return try reader.peek() != UInt8(ascii: "]") }
        try reader.expect(UInt8(ascii: "]"))
        return false
    }
}
