import MarketModel

/// Ratios and open interest at the ends of periods, of `/futures/data/…`.
extension BinanceDecoder {
    /// A row of such an answer.
    private struct Row {
        var symbol: Range<Int>?
        var ratio: Range<Int>?
        var long: Range<Int>?
        var short: Range<Int>?
        var amount: Range<Int>?
        var value: Range<Int>?
        var time = Timestamp.none
    }

    /// Reads `[{"symbol":"BTCUSDT","longShortRatio":"1.8105","longAccount":"0.6442",…}]`, and gives the oldest first.
    ///
    /// COIN-M's rows name the pair instead of the symbol, and positions instead of accounts where those are counted.
    /// An empty list is the venue's answer for a contract of which it knows none.
    func decodeRatio(
        _ reader: inout JSONReader, _ kind: LongShortRatio.Kind, _ period: KlineInterval,
        of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let bytes = reader.bytes
        for row in try self.rows(&reader, of: instrument) {
            guard let ratio = row.ratio, let long = row.long, let short = row.short else { throw .missingField }
            let value = try Self.value(bytes, ratio, instrument)
            guard value.isGiven else { throw .missingField }
            let event = LongShortRatio(
                instrument: instrument, kind: kind, ratio: value, long: try Self.value(bytes, long, instrument),
                short: try Self.value(bytes, short, instrument), periodMicroseconds: period.microseconds ?? 0,
                eventTime: row.time, receivedMicroseconds: received)
            guard batch.append(.longShortRatio(event)) else { throw .tooLarge }
        }
    }

    /// Reads `[{"symbol":"BTCUSDT","sumOpenInterest":"20403.63","sumOpenInterestValue":"150570784.07",…}]`, oldest first.
    ///
    /// USD-M counts the base asset, and its value is in the quote asset, which is not the US dollar; COIN-M counts
    /// contracts, and its value the base asset
    /// (https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api/Open-Interest-Statistics,
    /// from an undated copy).
    func decodeOpenInterestHistory(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let bytes = reader.bytes
        for row in try self.rows(&reader, of: instrument) {
            guard let amount = row.amount else { throw .missingField }
            var event = OpenInterest(
                instrument: instrument, amount: try Self.value(bytes, amount, instrument), eventTime: row.time,
                receivedMicroseconds: received)
            guard event.amount.isGiven else { throw .missingField }
            if self.segment == .coinm, let value = row.value {
                event.baseAmount = try Self.value(bytes, value, instrument)
            }
            guard batch.append(.openInterest(event)) else { throw .tooLarge }
        }
    }

    // MARK: - Rows

    /// Gives the rows of an answer by their times, of which no two may have the same.
    private func rows(_ reader: inout JSONReader, of instrument: InstrumentID) throws(FrameRefusal) -> [Row] {
        var rows: [Row] = []
        do throws(JSONError) {
            var isRow = try reader.beginArray()
            while isRow, rows.count <= EventBatch.limit {
                rows.append(try Self.read(&reader))
                isRow = try reader.nextElement()
            }
        } catch {
            throw .json(error)
        }
        rows.sort { ($0.time.microseconds ?? .min) < ($1.time.microseconds ?? .min) }
        var last = Int64.min
        for row in rows {
            guard let time = row.time.microseconds else { throw .missingField }
            if let symbol = row.symbol, self.contracts.isOther(reader.bytes, symbol, than: instrument) {
                throw .mismatch
            }
            guard time > last else { throw .mismatch }
            last = time
        }
        return rows
    }

    private static func read(_ reader: inout JSONReader) throws(JSONError) -> Row {
        var row = Row()
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "symbol") {
                row.symbol = try reader.string()
            } else if reader.isText(key, "longShortRatio") {
                row.ratio = try reader.string()
            } else if reader.isText(key, "longAccount") || reader.isText(key, "longPosition") {
                row.long = try reader.string()
            } else if reader.isText(key, "shortAccount") || reader.isText(key, "shortPosition") {
                row.short = try reader.string()
            } else if reader.isText(key, "sumOpenInterest") {
                row.amount = try reader.string()
            } else if reader.isText(key, "sumOpenInterestValue") {
                row.value = try reader.string()
            } else if reader.isText(key, "timestamp") {
                row.time = try Self.quotedOrBareMilliseconds(&reader)
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
        return row
    }

    /// USD-M puts the time of a ratio in quotes and COIN-M does not, say undated copies of the pages.
    private static func quotedOrBareMilliseconds(_ reader: inout JSONReader) throws(JSONError) -> Timestamp {
        guard try reader.take(UInt8(ascii: "\"")) else { return try reader.milliseconds() }
        let time = try reader.milliseconds()
        try reader.expect(UInt8(ascii: "\""))
        return time
    }
}
