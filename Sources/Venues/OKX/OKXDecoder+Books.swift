import MarketModel

extension OKXDecoder {
    /// What a book frame said.
    private struct Fields {
        var last: Int64?
        var previous: Int64?
        /// 0 where the venue gives none, which it has not since 2026-06.
        var checksum: Int32 = 0
        var time: Timestamp?
        var bids = LevelBuffer.Run.empty
        var asks = LevelBuffer.Run.empty
        var hasBids = false
        var hasAsks = false
    }

    /// Which list of levels the reader stands at.
    private enum Side {
        case none, bids, asks
    }

    /// Decodes one change or snapshot of a book.
    ///
    /// Rows are `[price, size, "0", orders]`. A change follows when its `prevSeqId` is the book's last `seqId`; ids skip
    /// numbers, stand still when nothing changed for a minute, and fall when the venue starts them over.
    /// - Parameter counted: How many frames of this book had no ids, as all had in 2022.
    func decodeBook(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ action: Range<Int>?, _ received: Int64,
        _ counted: inout UInt64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        guard let action else { throw .missingField }
        let isSnapshot = reader.isText("snapshot", at: action)
        // What it does drives the book's state.
        guard isSnapshot || reader.isText("update", at: action) else { throw .unknownEvent }
        var fields = Fields()
        try self.readBook(&reader, stream.instrument, &fields, into: &batch.levels)
        guard fields.hasBids, fields.hasAsks, let time = fields.time else { throw .missingField }
        let ids = try Self.ids(fields, isSnapshot: isSnapshot, &counted)
        let update = DepthUpdate(
            instrument: stream.instrument, kind: isSnapshot ? .reset : .delta, before: ids.before, last: ids.last,
            eventTime: time, sentTime: .none, receivedMicroseconds: received, bids: fields.bids, asks: fields.asks,
            checksum: BookChecksum(fields.checksum, scales: self.scales(of: stream.instrument)))
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    /// Decodes a whole book that was asked for: `{"asks":[…],"bids":[…],"ts":"1785000000101","seqId":880010}`.
    func decodeBookAnswer(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = Fields()
        try self.readBook(&reader, instrument, &fields, into: &batch.levels)
        guard fields.hasBids, fields.hasAsks, let time = fields.time,
            let last = fields.last.flatMap(UInt64.init(exactly:))
        else { throw .missingField }
        let update = DepthUpdate(
            instrument: instrument, kind: .audit, before: 0, last: last, eventTime: time, sentTime: .none,
            receivedMicroseconds: received, bids: fields.bids, asks: fields.asks)
        guard batch.append(.depth(update)) else { throw .tooLarge }
    }

    /// The ids that link a frame to the one before it.
    ///
    /// Frames of 2022 have none: their checksum tells a loss, and they are counted.
    private static func ids(
        _ fields: Fields, isSnapshot: Bool, _ counted: inout UInt64
    ) throws(FrameRefusal) -> (before: UInt64, last: UInt64) {
        if let last = fields.last {
            guard let last = UInt64(exactly: last) else { throw .missingField }
            // A snapshot has -1 there.
            guard !isSnapshot else { return (0, last) }
            guard let previous = fields.previous, let before = UInt64(exactly: previous) else { throw .missingField }
            return (before, last)
        }
        guard fields.previous == nil, fields.checksum != 0 else { throw .missingField }
        counted &+= 1
        return (isSnapshot ? 0 : counted &- 1, counted)
    }

    /// Decodes the best bid and ask, each a list of one level or none.
    func decodeBestOffer(
        _ reader: inout JSONReader, _ stream: OKXStreams.Entry, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        let start = batch.levels.count
        var fields = Fields()
        try self.readBook(&reader, stream.instrument, &fields, into: &batch.levels)
        guard fields.hasBids, fields.hasAsks, let time = fields.time else { throw .missingField }
        let nothing = Level(price: 0, size: 0)
        let offer = BestBidOffer(
            instrument: stream.instrument,
            bid: fields.bids.isEmpty ? nothing : batch.levels[Int(fields.bids.start)],
            ask: fields.asks.isEmpty ? nothing : batch.levels[Int(fields.asks.start)],
            sequence: fields.last.flatMap { UInt64(exactly: $0) } ?? 0, eventTime: time, sentTime: .none,
            receivedMicroseconds: received)
        batch.levels.truncate(to: start)
        guard batch.append(.bestBidOffer(offer)) else { throw .tooLarge }
    }

    private func readBook(
        _ reader: inout JSONReader, _ instrument: InstrumentID, _ fields: inout Fields,
        into levels: inout LevelBuffer
    ) throws(FrameRefusal) {
        let scales = self.scales(of: instrument)
        var walk = JSONWalk()
        while true {
            var side = Side.none
            do throws(JSONError) {
                guard try reader.nextKey(&walk) else { return }
                side = try Self.readField(&reader, walk.key, &fields)
            } catch {
                throw .json(error)
            }
            guard side != .none else { continue }
            do throws(LevelsError) {
                let run = try reader.levels(into: &levels, scales: scales)
                switch side {
                case .bids:
                    fields.bids = run
                    fields.hasBids = true
                case .asks, .none:
                    fields.asks = run
                    fields.hasAsks = true
                }
            } catch {
                throw FrameRefusal(error, of: instrument, at: scales)
            }
        }
    }

    /// Reads one field, or says which list of levels the reader stands at.
    @inline(__always)
    private static func readField(
        _ reader: inout JSONReader, _ key: Range<Int>, _ fields: inout Fields
    ) throws(JSONError) -> Side {
        if reader.isText("asks", at: key) { return .asks }
        if reader.isText("bids", at: key) { return .bids }
        if reader.isText("ts", at: key) {
            fields.time = try reader.quotedMilliseconds()
        } else if reader.isText("seqId", at: key) {
            fields.last = try reader.signed()
        } else if reader.isText("prevSeqId", at: key) {
            fields.previous = try reader.signed()
        } else if reader.isText("checksum", at: key) {
            let start = reader.index
            guard let checksum = Int32(exactly: try reader.signed()) else { throw .value(offset: start) }
            fields.checksum = checksum
        } else {
            try reader.skipValue()
        }
        return .none
    }
}
