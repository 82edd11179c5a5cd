import MarketModel

extension DeribitDecoder {
    /// What a frame of a book said.
    private struct BookFields {
        var kind: Range<Int>?
        var symbol: Range<Int>?
        var before: UInt64?
        var last: UInt64?
        var time = Timestamp.none
        var bids: LevelBuffer.Run?
        var asks: LevelBuffer.Run?
    }

    /// A member of a book that is a list of levels.
    private enum Side {
        case none, bids, asks
    }

    /// Decodes a snapshot, which holds every level and replaces the book, or a change that names its predecessor.
    ///
    /// Ids jump; each channel has a chain of its own. An empty list is a side without orders.
    func decodeBook(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = BookFields()
        try self.readBook(&reader, stream.instrument, &fields, hasActions: true, into: &batch.levels)
        try self.check(reader.bytes, fields.symbol, against: stream)
        guard let kind = fields.kind, let last = fields.last, let bids = fields.bids, let asks = fields.asks else {
            throw .missingField
        }
        let isSnapshot = reader.isText(kind, "snapshot")
        guard isSnapshot || reader.isText(kind, "change") else { throw .unknownEvent }
        let update = DepthUpdate(
            instrument: stream.instrument, kind: isSnapshot ? .reset : .delta,
            before: isSnapshot ? 0 : try Self.required(fields.before), last: last, eventTime: fields.time,
            sentTime: .none, receivedMicroseconds: received, bids: bids, asks: asks)
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    /// Decodes a whole book that was asked for: the fields of a snapshot, its levels `[[84210.5,25340.0],…]`.
    func decodeBookAnswer(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = BookFields()
        try self.readBook(&reader, instrument, &fields, hasActions: false, into: &batch.levels)
        guard let symbol = fields.symbol, let last = fields.last, let bids = fields.bids, let asks = fields.asks else {
            throw .missingField
        }
        guard self.streams.isBook(of: instrument, symbol, in: reader.bytes) else { throw .mismatch }
        let update = DepthUpdate(
            instrument: instrument, kind: .audit, before: 0, last: last, eventTime: fields.time, sentTime: .none,
            receivedMicroseconds: received, bids: bids, asks: asks)
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    /// - Parameter hasActions: Whether a level's first entry says what becomes of it, as it does in a stream.
    private func readBook(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ fields: inout BookFields, hasActions: Bool,
        into levels: inout LevelBuffer
    ) throws(FrameRefusal) {
        let scales = self.scales(of: instrument)
        var isMember: Bool
        do throws(JSONError) {
            isMember = try reader.beginObject()
        } catch {
            throw .json(error)
        }
        while isMember {
            var side = Side.none
            do throws(JSONError) {
                side = try Self.readBookField(&reader, &fields)
            } catch {
                throw .json(error)
            }
            switch side {
            case .none: break
            case .bids: fields.bids = try Self.levels(&reader, instrument, scales, hasActions, into: &levels)
            case .asks: fields.asks = try Self.levels(&reader, instrument, scales, hasActions, into: &levels)
            }
            do throws(JSONError) {
                isMember = try reader.nextMember()
            } catch {
                throw .json(error)
            }
        }
    }

    /// Reads one field, or tells the list of levels that the reader stands at.
    @inline(__always)
    private static func readBookField(
        _ reader: inout JSONReader, _ fields: inout BookFields
    ) throws(JSONError) -> Side {
        let key = try reader.key()
        if reader.isText(key, "bids") { return .bids }
        if reader.isText(key, "asks") { return .asks }
        if reader.isText(key, "type") {
            fields.kind = try reader.string()
        } else if reader.isText(key, "timestamp") {
            fields.time = try reader.milliseconds()
        } else if reader.isText(key, "instrument_name") {
            fields.symbol = try reader.string()
        } else if reader.isText(key, "change_id") {
            fields.last = try reader.unsigned()
        } else if reader.isText(key, "prev_change_id") {
            fields.before = try reader.unsigned()
        } else {
            try reader.skipValue()
        }
        return .none
    }

    /// Reads `[["new",84210.5,25340.0],["delete",84209.0,0.0],…]` into absolute sizes, or the same without actions.
    private static func levels(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ scales: DecimalScales, _ hasActions: Bool,
        into buffer: inout LevelBuffer
    ) throws(FrameRefusal) -> LevelBuffer.Run {
        let start = buffer.count
        var isElement: Bool
        do throws(JSONError) {
            isElement = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        while isElement {
            let level = try Self.level(&reader, instrument, scales, hasActions)
            guard buffer.append(level) else { throw .tooLarge }
            do throws(JSONError) {
                isElement = try reader.nextElement()
            } catch {
                throw .json(error)
            }
        }
        return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count - start))
    }

    @inline(__always)
    private static func level(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ scales: DecimalScales, _ hasActions: Bool
    ) throws(FrameRefusal) -> Level {
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: "["))
        } catch {
            throw .json(error)
        }
        let isDeleted = hasActions ? try Self.isDeleted(&reader) : false
        let price = try Self.decimal(&reader, .price, instrument, scales)
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: ","))
        } catch {
            throw .json(error)
        }
        let size = try Self.decimal(&reader, .size, instrument, scales)
        do throws(JSONError) {
            while try reader.take(UInt8(ascii: ",")) { try reader.skipValue() }
            try reader.expect(UInt8(ascii: "]"))
        } catch {
            throw .json(error)
        }
        return Level(price: price, size: isDeleted ? 0 : size)
    }

    /// Passes a level's action and the comma behind it.
    @inline(__always)
    private static func isDeleted(_ reader: inout JSONReader) throws(FrameRefusal) -> Bool {
        let action: Range<Int>
        do throws(JSONError) {
            action = try reader.string()
            try reader.expect(UInt8(ascii: ","))
        } catch {
            throw .json(error)
        }
        if reader.isText(action, "delete") { return true }
        guard reader.isText(action, "new") || reader.isText(action, "change") else { throw .missingField }
        return false
    }
}
