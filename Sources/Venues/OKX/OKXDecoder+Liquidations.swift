import MarketModel

extension OKXDecoder {
    /// What one liquidation said, as places in the frame.
    private struct Fields {
        var side: Range<Int>?
        var positionSide: Range<Int>?
        var price: Range<Int>?
        var size: Range<Int>?
        var time: Timestamp?
    }

    /// Equal liquidations are counted apart among so many before them.
    private static let equalsMax = 64

    /// Decodes the liquidations of one instrument; those of an instrument of another connection are passed over.
    ///
    /// The venue says that they are not all of them: https://www.okx.com/docs-v5/en/ (liquidation orders channel,
    /// 2026-08-22).
    func decodeLiquidations(
        _ reader: inout JSONReader, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var symbol: Range<Int>?
        var details: Int?
        do throws(JSONError) {
            var walk = JSONWalk()
            while try reader.nextKey(&walk) {
                if reader.isText("instId", at: walk.key) {
                    symbol = try reader.string()
                } else {
                    if reader.isText("details", at: walk.key) { details = reader.index }
                    try reader.skipValue()
                }
            }
        } catch {
            throw .json(error)
        }
        guard let symbol, let details else { throw .missingField }
        guard let instrument = self.instrument(reader.bytes, at: symbol) else { return }
        let end = reader.index
        reader.index = details
        var walk = JSONWalk()
        while true {
            var fields = Fields()
            do throws(JSONError) {
                guard try reader.nextElement(&walk) else { break }
                try Self.readLiquidation(&reader, &fields)
            } catch {
                throw .json(error)
            }
            try Self.append(reader, fields, instrument, received, to: &batch)
        }
        reader.index = end
    }

    private static func readLiquidation(_ reader: inout JSONReader, _ fields: inout Fields) throws(JSONError) {
        var walk = JSONWalk()
        while try reader.nextKey(&walk) {
            if reader.isText("side", at: walk.key) {
                fields.side = try reader.givenText()
            } else if reader.isText("posSide", at: walk.key) {
                fields.positionSide = try reader.givenText()
            } else if reader.isText("bkPx", at: walk.key) {
                fields.price = try reader.givenText()
            } else if reader.isText("sz", at: walk.key) {
                fields.size = try reader.givenText()
            } else if reader.isText("ts", at: walk.key) {
                fields.time = try reader.quotedMilliseconds()
            } else {
                try reader.skipValue()
            }
        }
    }

    private static func append(
        _ reader: JSONReader, _ fields: Fields, _ instrument: InstrumentID, _ received: Int64,
        to batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let time = fields.time, let position = Self.position(reader, fields) else { throw .missingField }
        var event = Liquidation(
            instrument: instrument, position: position, price: try Self.needed(reader.bytes, fields.price),
            priceKind: .bankruptcy, size: try Self.needed(reader.bytes, fields.size), isSampled: true,
            eventTime: time, receivedMicroseconds: received)
        event.ordinal = Self.ordinal(of: event, after: batch)
        guard batch.append(.liquidation(event)) else { throw .tooLarge }
    }

    /// Whose position it was; a position that is `net` shows in the side of the order that closed it.
    private static func position(_ reader: JSONReader, _ fields: Fields) -> Liquidation.Position? {
        if let told = fields.positionSide {
            if reader.isText("long", at: told) { return .long }
            if reader.isText("short", at: told) { return .short }
            guard reader.isText("net", at: told) else { return nil }
        }
        guard let side = fields.side else { return nil }
        if reader.isText("sell", at: side) { return .long }
        return reader.isText("buy", at: side) ? .short : nil
    }

    private static func ordinal(of event: Liquidation, after batch: borrowing EventBatch) -> UInt16 {
        var index = batch.eventCount
        let first = max(0, index - Self.equalsMax)
        while index > first {
            index -= 1
            guard case .liquidation(let other) = batch.event(index), other.instrument == event.instrument,
                other.eventTime == event.eventTime, other.position == event.position, other.price == event.price,
                other.size == event.size
            else { continue }
            return other.ordinal &+ 1
        }
        return 0
    }
}
