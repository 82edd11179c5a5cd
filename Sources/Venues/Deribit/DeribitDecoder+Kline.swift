import MarketModel

extension DeribitDecoder {
    /// What a bar said: its numbers as they stand in the frame.
    private struct BarFields {
        var tick: Timestamp?
        var open: Range<Int>?
        var high: Range<Int>?
        var low: Range<Int>?
        var close: Range<Int>?
        var volume: Range<Int>?
        var cost: Range<Int>?
    }

    /// Decodes a bar that is still growing: the channel does not say when one is final, which only the first frame of
    /// the next bar shows. Final bars are asked for over REST, with trades that came late.
    static func decodeKline(
        _ reader: inout JSONReader, _ stream: DeribitStreams.Entry, _ interval: KlineInterval, _ received: Int64,
        into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var fields = BarFields()
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "tick") {
                    fields.tick = try reader.milliseconds()
                } else if reader.isText(key, "open") {
                    fields.open = try reader.number()
                } else if reader.isText(key, "high") {
                    fields.high = try reader.number()
                } else if reader.isText(key, "low") {
                    fields.low = try reader.number()
                } else if reader.isText(key, "close") {
                    fields.close = try reader.number()
                } else if reader.isText(key, "volume") {
                    fields.volume = try reader.number()
                } else if reader.isText(key, "cost") {
                    fields.cost = try reader.number()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        guard let tick = fields.tick, let open = fields.open, let high = fields.high, let low = fields.low,
            let close = fields.close, let volume = fields.volume
        else { throw .missingField }
        var bar = Kline(
            instrument: stream.instrument, interval: interval, openTime: tick, receivedMicroseconds: received)
        bar.open = FrameText(open)
        bar.high = FrameText(high)
        bar.low = FrameText(low)
        bar.close = FrameText(close)
        bar.baseVolume = FrameText(volume)
        if let cost = fields.cost { bar.quoteVolume = FrameText(cost) }
        guard batch.append(.kline(bar)) else { throw .tooLarge }
    }
}

extension FrameText {
    init(_ range: Range<Int>) {
        self.init(offset: range.lowerBound, count: range.count)
    }
}
