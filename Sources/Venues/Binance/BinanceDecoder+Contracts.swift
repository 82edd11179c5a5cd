import MarketModel

/// Frames that contracts have: mark prices with the funding rate, liquidations, changes of the list.
extension BinanceDecoder {
    /// What any of them said; numbers as places in the frame until all keys are read.
    private struct Fields {
        var event: Range<Int>?
        var symbol: Range<Int>?
        var segmentNumber: UInt64?
        var sentTime = Timestamp.none
        /// Mark price; price of the order.
        var price: Range<Int>?
        var index: Range<Int>?
        var rate: Range<Int>?
        var averagePrice: Range<Int>?
        var filled: Range<Int>?
        var side: Range<Int>?
        /// When funding is charged; when the order was filled.
        var time = Timestamp.none
    }

    /// Reads a mark price; the funding rate beside it is told when it or its time changed.
    ///
    /// A dated contract is charged none: its `r` is empty and its `T` zero.
    mutating func decodeMarkPrice(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                switch key.count == 1 ? reader.bytes[key.lowerBound] : 0 {
                case UInt8(ascii: "p"): fields.price = try reader.string()
                case UInt8(ascii: "i"): fields.index = try reader.string()
                case UInt8(ascii: "r"): fields.rate = try reader.string()
                case UInt8(ascii: "T"): fields.time = try reader.milliseconds()
                default: try Self.readCommon(&reader, key, &fields)
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        let bytes = reader.bytes
        try self.check(bytes, symbol: fields.symbol, segmentNumber: fields.segmentNumber, against: stream)
        if let event = fields.event, !reader.isText(event, "markPriceUpdate") { throw .unknownEvent }
        guard let price = fields.price else { throw .missingField }
        let instrument = stream.instrument
        let mark = try Self.value(bytes, price, instrument)
        let index = try fields.index.map { range throws(FrameRefusal) in try Self.value(bytes, range, instrument) }
        guard mark.isGiven else { throw .missingField }
        let rate = try fields.rate.map { range throws(FrameRefusal) in try Self.value(bytes, range, instrument) }
        if stream.bringsMarkPrice {
            let event = MarkPrice(
                instrument: instrument, mark: mark, index: index ?? .none, eventTime: fields.sentTime,
                receivedMicroseconds: received)
            guard batch.append(.markPrice(event)) else { throw .tooLarge }
        }
        guard stream.bringsFundingRate, let rate, rate.isGiven, let time = fields.time.microseconds, time > 0,
            self.contracts.isNews(rate, at: fields.time, of: instrument)
        else { return }
        let event = FundingRate(
            instrument: instrument, rate: rate, intervalMicroseconds: self.contracts.interval(of: instrument),
            fundingTime: fields.time, eventTime: fields.sentTime, receivedMicroseconds: received)
        guard batch.append(.fundingRate(event)) else { throw .tooLarge }
    }

    /// Reads a liquidation: `o.S` is the side of the venue's order, so a sale closes a long.
    ///
    /// The price is the mean of what was filled. An order that was not filled has none; then it is the order's own,
    /// which the venue sets where the position's margin is used up. At most one a second and symbol is told.
    func decodeLiquidation(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "o") {
                    try Self.readOrder(&reader, &fields)
                } else {
                    try Self.readCommon(&reader, key, &fields)
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        let bytes = reader.bytes
        try self.check(bytes, symbol: fields.symbol, segmentNumber: fields.segmentNumber, against: stream)
        if let event = fields.event, !reader.isText(event, "forceOrder") { throw .unknownEvent }
        guard let side = fields.side, let orderPrice = fields.price, let filled = fields.filled else {
            throw .missingField
        }
        let isSale = reader.isText(side, "SELL")
        guard isSale || reader.isText(side, "BUY") else { throw .missingField }
        let instrument = stream.instrument
        var price = try fields.averagePrice.map { range throws(FrameRefusal) in
            try Self.value(bytes, range, instrument)
        }
        let isFilled = (price ?? .none).signum > 0
        if !isFilled { price = try Self.value(bytes, orderPrice, instrument) }
        let size = try Self.value(bytes, filled, instrument)
        guard let price, price.isGiven, size.isGiven, size.signum >= 0 else { throw .missingField }
        let liquidation = Liquidation(
            instrument: instrument, position: isSale ? .long : .short, price: price,
            priceKind: isFilled ? .average : .bankruptcy, size: size, isSampled: true,
            eventTime: fields.time == .none ? fields.sentTime : fields.time,
            sentTime: fields.time == .none ? .none : fields.sentTime, receivedMicroseconds: received)
        guard batch.append(.liquidation(liquidation)) else { throw .tooLarge }
    }

    /// Reads a change of the list of contracts.
    ///
    /// - Returns: Nothing for one of the other half of the merged futures, which the stream carries too.
    func decodeContractInfo(_ reader: inout JSONReader) throws(FrameRefusal) -> VenueControl? {
        var fields = Fields()
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                try Self.readCommon(&reader, try reader.key(), &fields)
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        guard let event = fields.event, fields.symbol != nil else { throw .missingField }
        guard reader.isText(event, "contractInfo") else { throw .unknownEvent }
        if let number = fields.segmentNumber, number != self.segment.mergedSegmentNumber { return nil }
        return .instrumentsChanged
    }

    // MARK: - Parts

    /// Reads the order of a liquidation, in which `ps` and `st` may stand (seen 2026-10).
    private static func readOrder(_ reader: inout JSONReader, _ fields: inout Fields) throws(JSONError) {
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            switch key.count == 1 ? reader.bytes[key.lowerBound] : 0 {
            case UInt8(ascii: "s"): fields.symbol = try reader.string()
            case UInt8(ascii: "S"): fields.side = try reader.string()
            case UInt8(ascii: "p"): fields.price = try reader.string()
            case UInt8(ascii: "z"): fields.filled = try reader.string()
            case UInt8(ascii: "T"): fields.time = try reader.milliseconds()
            default:
                if reader.isText(key, "ap") {
                    fields.averagePrice = try reader.string()
                } else if reader.isText(key, "st") {
                    fields.segmentNumber = try reader.unsigned()
                } else {
                    try reader.skipValue()
                }
            }
            isMember = try reader.nextMember()
        }
    }

    /// Reads the keys that all of them share, and passes over any other.
    @inline(__always)
    private static func readCommon(
        _ reader: inout JSONReader, _ key: Range<Int>, _ fields: inout Fields
    ) throws(JSONError) {
        switch key.count == 1 ? reader.bytes[key.lowerBound] : 0 {
        case UInt8(ascii: "e"): fields.event = try reader.string()
        case UInt8(ascii: "E"): fields.sentTime = try reader.milliseconds()
        case UInt8(ascii: "s"): fields.symbol = try reader.string()
        default:
            if reader.isText(key, "st") {
                fields.segmentNumber = try reader.unsigned()
            } else {
                try reader.skipValue()
            }
        }
    }

    /// Parses the decimal at `range`; nothing for empty text, which says that there is none.
    static func value(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ instrument: InstrumentID
    ) throws(FrameRefusal) -> DecimalValue {
        guard !range.isEmpty else { return .none }
        do throws(DecimalTextError) {
            return try DecimalValue(parsing: bytes, at: range)
        } catch {
            switch error {
            case .malformed: throw .missingField
            case .tooPrecise, .overflow: throw .valueTooLarge(instrument)
            }
        }
    }
}
