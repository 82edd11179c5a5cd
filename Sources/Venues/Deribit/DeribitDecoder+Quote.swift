import MarketModel

extension DeribitDecoder {
    /// What a quote said; prices and sizes as places in the frame until all keys are read.
    private struct QuoteFields {
        var symbol: Range<Int>?
        var bidPrice: Int?
        var bidSize: Int?
        var askPrice: Int?
        var askSize: Int?
        var time = Timestamp.none
    }

    /// Decodes the best bid and ask.
    ///
    /// A side without orders has a price of null or 0 and an amount of 0 or null.
    func decodeQuote(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = QuoteFields()
        do throws(JSONError) {
            try Self.readQuote(&reader, &fields)
        } catch {
            throw .json(error)
        }
        let bytes = reader.bytes
        try self.check(bytes, fields.symbol, against: stream)
        guard let bidPrice = fields.bidPrice, let bidSize = fields.bidSize, let askPrice = fields.askPrice,
            let askSize = fields.askSize
        else { throw .missingField }
        let scales = self.scales(of: stream.instrument)
        let offer = BestBidOffer(
            instrument: stream.instrument,
            bid: try Self.side(bytes, bidPrice, bidSize, stream.instrument, scales),
            ask: try Self.side(bytes, askPrice, askSize, stream.instrument, scales), sequence: 0,
            eventTime: fields.time, sentTime: .none, receivedMicroseconds: received)
        guard batch.append(.bestBidOffer(offer)) else { throw .tooLarge }
    }

    @inline(__always)
    private static func readQuote(_ reader: inout JSONReader, _ fields: inout QuoteFields) throws(JSONError) {
        var isMember = try reader.beginObject()
        while isMember {
            let key = try reader.key()
            if reader.isText(key, "best_bid_price") {
                fields.bidPrice = try Self.place(&reader)
            } else if reader.isText(key, "best_bid_amount") {
                fields.bidSize = try Self.place(&reader)
            } else if reader.isText(key, "best_ask_price") {
                fields.askPrice = try Self.place(&reader)
            } else if reader.isText(key, "best_ask_amount") {
                fields.askSize = try Self.place(&reader)
            } else if reader.isText(key, "timestamp") {
                fields.time = try reader.milliseconds()
            } else if reader.isText(key, "instrument_name") {
                fields.symbol = try reader.string()
            } else {
                try reader.skipValue()
            }
            isMember = try reader.nextMember()
        }
    }

    @inline(__always)
    private static func side(
        _ bytes: Span<UInt8>, _ pricePlace: Int, _ sizePlace: Int, _ instrument: InstrumentID,
        _ scales: DecimalScales
    ) throws(FrameRefusal) -> Level {
        let price = try Self.decimalOrNull(bytes, pricePlace, .price, instrument, scales)
        let size = try Self.decimalOrNull(bytes, sizePlace, .size, instrument, scales) ?? 0
        // Orders without a price are none; a price without orders is that of the last ones.
        guard price != nil || size == 0 else { throw .missingField }
        return Level(price: size == 0 ? 0 : price ?? 0, size: size)
    }

    private static func decimalOrNull(
        _ bytes: Span<UInt8>, _ place: Int, _ field: LevelField, _ instrument: InstrumentID, _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64? {
        var reader = JSONReader(bytes, at: place)
        do throws(JSONError) {
            if try reader.takeNull() { return nil }
        } catch {
            throw .json(error)
        }
        return try Self.decimal(&reader, field, instrument, scales)
    }
}
