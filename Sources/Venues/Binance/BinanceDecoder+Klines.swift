import MarketModel

/// Bars: as they grow, and as they are asked for once they have ended.
extension BinanceDecoder {
    /// Where the parts of a bar stand.
    private struct Bar {
        var openTime = Timestamp.none
        var closeTime = Timestamp.none
        var open: Range<Int>?
        var high: Range<Int>?
        var low: Range<Int>?
        var close: Range<Int>?
        /// Base asset, contracts on COIN-M.
        var volume: Range<Int>?
        /// Quote asset, base asset on COIN-M.
        var turnover: Range<Int>?
        var trades: UInt64?
        var isClosed: Bool?
    }

    private struct Fields {
        var event: Range<Int>?
        var symbol: Range<Int>?
        var barSymbol: Range<Int>?
        var interval: Range<Int>?
        var segmentNumber: UInt64?
        var sentTime = Timestamp.none
        var bar: Bar?
    }

    func decodeKline(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ interval: KlineInterval, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                try Self.readField(&reader, &fields)
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        let bytes = reader.bytes
        try self.check(
            bytes, symbol: fields.symbol ?? fields.barSymbol, segmentNumber: fields.segmentNumber, against: stream)
        if let symbol = fields.barSymbol, !self.streams.isSymbol(bytes, symbol, of: stream) { throw .mismatch }
        if let event = fields.event, !reader.isText(event, "kline") { throw .unknownEvent }
        guard let bar = fields.bar, let isClosed = bar.isClosed else { throw .missingField }
        if let told = fields.interval, !Self.isInterval(bytes, told, interval) { throw .mismatch }
        var kline = try self.kline(bytes, bar, stream.instrument, interval, received)
        kline.isClosed = isClosed
        kline.eventTime = fields.sentTime
        guard batch.append(.kline(kline)) else { throw .tooLarge }
    }

    /// Reads the answer to a question for bars: those that had ended when it came, the running one is passed over.
    func decodeKlines(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ interval: KlineInterval,
        _ missed: ClosedRange<Int64>?, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        do throws(JSONError) {
            guard try reader.beginArray() else { return }
        } catch {
            throw .json(error)
        }
        var isRow = true
        while isRow {
            var bar = Bar()
            do throws(JSONError) {
                try Self.readRow(&reader, &bar)
                isRow = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            var kline = try self.kline(reader.bytes, bar, instrument, interval, received)
            guard let end = bar.closeTime.microseconds else { throw .missingField }
            guard end < received else { continue }
            kline.isClosed = true
            kline.isConfirmed = true
            kline.isBackfilled = missed?.contains(end) ?? false
            guard batch.append(.kline(kline)) else { throw .tooLarge }
        }
    }

    /// Reads the answer to a question for bars of the mark price, which have the form of bars of trades and count nothing.
    func decodeMarkPriceBars(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ interval: KlineInterval, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let length = interval.microseconds else { throw .unknownEvent }
        var isRow: Bool
        do throws(JSONError) {
            isRow = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        while isRow {
            var bar = Bar()
            do throws(JSONError) {
                try Self.readRow(&reader, &bar)
                isRow = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            guard let end = bar.closeTime.microseconds, bar.openTime != .none else { throw .missingField }
            guard end < received else { continue }
            var price = MarkPrice(
                instrument: instrument, mark: try Self.price(reader.bytes, bar.close, instrument),
                eventTime: bar.openTime, receivedMicroseconds: received)
            price.open = try Self.price(reader.bytes, bar.open, instrument)
            price.high = try Self.price(reader.bytes, bar.high, instrument)
            price.low = try Self.price(reader.bytes, bar.low, instrument)
            price.resolutionMicroseconds = length
            guard batch.append(.markPrice(price)) else { throw .tooLarge }
        }
    }

    private static func price(
        _ bytes: Span<UInt8>, _ range: Range<Int>?, _ instrument: InstrumentID
    ) throws(FrameRefusal) -> DecimalValue {
        guard let range, !range.isEmpty else { throw .missingField }
        return try Self.value(bytes, range, instrument)
    }

    // MARK: - Parts

    private static func readField(_ reader: inout JSONReader, _ fields: inout Fields) throws(JSONError) {
        let key = try reader.key()
        switch key.count == 1 ? reader.bytes[key.lowerBound] : 0 {
        case UInt8(ascii: "e"): fields.event = try reader.string()
        case UInt8(ascii: "E"): fields.sentTime = try reader.milliseconds()
        case UInt8(ascii: "s"): fields.symbol = try reader.string()
        case UInt8(ascii: "k"): try Self.readBar(&reader, &fields)
        default:
            if reader.isText(key, "st") {
                fields.segmentNumber = try reader.unsigned()
            } else {
                try reader.skipValue()
            }
        }
    }

    private static func readBar(_ reader: inout JSONReader, _ fields: inout Fields) throws(JSONError) {
        var bar = Bar()
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            switch key.count == 1 ? reader.bytes[key.lowerBound] : 0 {
            case UInt8(ascii: "t"): bar.openTime = try reader.milliseconds()
            case UInt8(ascii: "T"): bar.closeTime = try reader.milliseconds()
            case UInt8(ascii: "s"): fields.barSymbol = try reader.string()
            case UInt8(ascii: "i"): fields.interval = try reader.string()
            case UInt8(ascii: "o"): bar.open = try reader.string()
            case UInt8(ascii: "h"): bar.high = try reader.string()
            case UInt8(ascii: "l"): bar.low = try reader.string()
            case UInt8(ascii: "c"): bar.close = try reader.string()
            case UInt8(ascii: "v"): bar.volume = try reader.string()
            case UInt8(ascii: "q"): bar.turnover = try reader.string()
            case UInt8(ascii: "n"): bar.trades = try reader.unsigned()
            case UInt8(ascii: "x"): bar.isClosed = try reader.boolean()
            default:
                if reader.isText(key, "st") {
                    fields.segmentNumber = try reader.unsigned()
                } else {
                    try reader.skipValue()
                }
            }
            isMember = try reader.nextMember()
        }
        fields.bar = bar
    }

    /// Reads `[open time,"open","high","low","close","volume",close time,"turnover",trades,…]`.
    private static func readRow(_ reader: inout JSONReader, _ bar: inout Bar) throws(JSONError) {
        var column = 0
        var isElement = try reader.beginArray()
        while isElement {
            switch column {
            case 0: bar.openTime = try reader.milliseconds()
            case 1: bar.open = try reader.string()
            case 2: bar.high = try reader.string()
            case 3: bar.low = try reader.string()
            case 4: bar.close = try reader.string()
            case 5: bar.volume = try reader.string()
            case 6: bar.closeTime = try reader.milliseconds()
            case 7: bar.turnover = try reader.string()
            case 8: bar.trades = try reader.unsigned()
            default: try reader.skipValue()
            }
            column += 1
            isElement = try reader.nextElement()
        }
    }

    private func kline(
        _ bytes: Span<UInt8>, _ bar: Bar, _ instrument: InstrumentID, _ interval: KlineInterval, _ received: Int64
    ) throws(FrameRefusal) -> Kline {
        guard bar.openTime != .none, let trades = bar.trades else { throw .missingField }
        var kline = Kline(
            instrument: instrument, interval: interval, openTime: bar.openTime, receivedMicroseconds: received)
        kline.open = try Self.number(bytes, bar.open)
        kline.high = try Self.number(bytes, bar.high)
        kline.low = try Self.number(bytes, bar.low)
        kline.close = try Self.number(bytes, bar.close)
        let volume = try Self.number(bytes, bar.volume)
        let turnover = try Self.number(bytes, bar.turnover)
        switch self.segment.sizeUnit {
        case .contracts:
            kline.contractVolume = volume
            kline.baseVolume = turnover
        case .base, .quote:
            kline.baseVolume = volume
            kline.quoteVolume = turnover
        }
        kline.tradeCount = Int64(clamping: trades)
        return kline
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>?) throws(FrameRefusal) -> FrameText {
        guard let range, DecimalParts(bytes, range) != nil else { throw .missingField }
        return FrameText(offset: range.lowerBound, count: range.count)
    }

    private static func isInterval(_ bytes: Span<UInt8>, _ range: Range<Int>, _ interval: KlineInterval) -> Bool {
        let name = interval.rawValue.utf8
        guard name.count == range.count else { return false }
        var index = range.lowerBound
        for byte in name {
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }
}
