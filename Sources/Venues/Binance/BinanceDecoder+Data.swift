import MarketModel

/// What a depth frame or a depth answer said.
struct DepthFields {
    var first: UInt64?
    var last: UInt64?
    var previous: UInt64?
    var snapshotLast: UInt64?
    var segmentNumber: UInt64?
    var symbol: Range<Int>?
    var event: Range<Int>?
    var engineTime = Timestamp.none
    var sentTime = Timestamp.none
    var bids = LevelBuffer.Run.empty
    var asks = LevelBuffer.Run.empty
    var hasBids = false
    var hasAsks = false
}

extension BinanceDecoder {
    /// Decodes the `data` object that the reader stands at.
    mutating func decodeData(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        switch stream.kind {
        case .depth: try self.decodeDepth(&reader, stream, received, into: &batch)
        case .trade, .aggregateTrade: try self.decodeTrade(&reader, stream, received, into: &batch)
        case .bookTicker: try self.decodeBookTicker(&reader, stream, received, into: &batch)
        case .markPrice: try self.decodeMarkPrice(&reader, stream, received, into: &batch)
        case .kline(let interval): try self.decodeKline(&reader, stream, interval, received, into: &batch)
        case .liquidation: try self.decodeLiquidation(&reader, stream, received, into: &batch)
        case .contractInfo: throw .unknownEvent
        }
    }

    /// Refuses a frame that speaks of another symbol, or of the other half of the merged futures.
    func check(
        _ bytes: Span<UInt8>, symbol: Range<Int>?, segmentNumber: UInt64?, against stream: BinanceStreams.Entry
    ) throws(FrameRefusal) {
        guard let symbol else { throw .missingField }
        if let number = segmentNumber, let ours = self.segment.mergedSegmentNumber, number != ours { throw .mismatch }
        guard self.streams.isSymbol(bytes, symbol, of: stream) else { throw .mismatch }
    }

    // MARK: - Depth

    private func decodeDepth(
        _ reader: inout JSONReader, _ stream: BinanceStreams.Entry, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = DepthFields()
        try self.readDepth(&reader, stream.instrument, &fields, into: &batch.levels)
        try self.check(reader.bytes, symbol: fields.symbol, segmentNumber: fields.segmentNumber, against: stream)
        if let event = fields.event, event.count != 11 { throw .unknownEvent }
        let before = BinanceSequencing.before(
            segment: self.segment, first: fields.first, previous: fields.previous)
        guard let before, let last = fields.last, before <= last, fields.hasBids, fields.hasAsks else {
            throw .missingField
        }
        let hasEngineTime = fields.engineTime != .none
        let update = DepthUpdate(
            instrument: stream.instrument, kind: .delta, before: before, last: last,
            eventTime: hasEngineTime ? fields.engineTime : fields.sentTime,
            sentTime: hasEngineTime ? fields.sentTime : .none,
            receivedMicroseconds: received, bids: fields.bids, asks: fields.asks)
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    func readDepth(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ fields: inout DepthFields,
        into levels: inout LevelBuffer
    ) throws(FrameRefusal) {
        let scales = self.scales(of: instrument)
        do throws(JSONError) {
            try reader.expect(UInt8(ascii: "{"))
            if try reader.take(UInt8(ascii: "}")) { return }
        } catch {
            throw .json(error)
        }
        while true {
            var list: UInt8 = 0
            do throws(JSONError) {
                let key = try reader.string()
                try reader.expect(UInt8(ascii: ":"))
                list = try Self.readDepthField(&reader, key, &fields)
            } catch {
                throw .json(error)
            }
            if list != 0 {
                do throws(LevelsError) {
                    let run = try reader.levels(into: &levels, scales: scales)
                    if list == UInt8(ascii: "b") {
                        fields.bids = run
                        fields.hasBids = true
                    } else {
                        fields.asks = run
                        fields.hasAsks = true
                    }
                } catch {
                    throw Self.refusal(error, instrument, scales)
                }
            }
            do throws(JSONError) {
                guard try reader.take(UInt8(ascii: ",")) else {
                    try reader.expect(UInt8(ascii: "}"))
                    return
                }
            } catch {
                throw .json(error)
            }
        }
    }

    /// Reads one field, or gives `b` or `a` when the reader stands at a list of levels.
    @inline(__always)
    private static func readDepthField(
        _ reader: inout JSONReader, _ key: Range<Int>, _ fields: inout DepthFields
    ) throws(JSONError) -> UInt8 {
        let first = reader.bytes[key.lowerBound]
        switch key.count {
        case 1:
            switch first {
            case UInt8(ascii: "e"): fields.event = try reader.string()
            case UInt8(ascii: "E"): fields.sentTime = try reader.milliseconds()
            case UInt8(ascii: "T"): fields.engineTime = try reader.milliseconds()
            case UInt8(ascii: "s"): fields.symbol = try reader.string()
            case UInt8(ascii: "U"): fields.first = try reader.unsigned()
            case UInt8(ascii: "u"): fields.last = try reader.unsigned()
            case UInt8(ascii: "b"), UInt8(ascii: "a"): return first
            default: try reader.skipValue()
            }
        case 2 where first == UInt8(ascii: "p") && reader.bytes[key.lowerBound + 1] == UInt8(ascii: "u"):
            fields.previous = try reader.unsigned()
        case 2 where first == UInt8(ascii: "s") && reader.bytes[key.lowerBound + 1] == UInt8(ascii: "t"):
            fields.segmentNumber = try reader.unsigned()
        case 4 where first == UInt8(ascii: "b") || first == UInt8(ascii: "a"):
            return first  // "bids" and "asks" of a snapshot
        case 12 where first == UInt8(ascii: "l"):
            fields.snapshotLast = try reader.unsigned()
        default:
            try reader.skipValue()
        }
        return 0
    }

    static func refusal(_ error: LevelsError, _ instrument: InstrumentID, _ scales: DecimalScales) -> FrameRefusal {
        switch error {
        case .json(let error): .json(error)
        case .tooMany: .tooLarge
        case .decimal(let field, let error): Self.refusal(error, of: field, instrument, scales)
        }
    }

    static func refusal(
        _ error: DecimalTextError, of field: LevelField, _ instrument: InstrumentID, _ scales: DecimalScales
    ) -> FrameRefusal {
        switch error {
        case .malformed: return .missingField
        case .overflow: return .valueTooLarge(instrument)
        case .tooPrecise(let needed):
            var wider = scales
            switch field {
            case .price: wider.price = max(needed, scales.price)
            case .size: wider.size = max(needed, scales.size)
            }
            return .needsScale(instrument, wider)
        }
    }
}
