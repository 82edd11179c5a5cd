import MarketModel

extension DeribitDecoder {
    /// Decodes `{"channel":"…","data":…}`, which the reader stands at.
    mutating func decodeNotification(
        _ reader: inout JSONReader, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) -> VenueControl? {
        var channel: Range<Int>?
        var data: Int?
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "channel") {
                    channel = try reader.string()
                } else if reader.isText(key, "data") {
                    _ = try reader.peek()
                    data = reader.index
                    // The usual order: the channel is known, its data comes last and is read where it stands.
                    if channel != nil { break }
                    try reader.skipValue()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        guard let channel, let data else { throw .missingField }
        guard let place = self.streams.index(of: reader.bytes, at: channel) else { throw .unknownStream }
        reader.index = data
        let stream = self.streams.count(at: place)
        switch stream.kind {
        case .book: try self.decodeBook(&reader, stream, received, into: &batch)
        case .trades: try self.decodeTrades(&reader, stream, received, into: &batch)
        case .quote: try self.decodeQuote(&reader, stream, received, into: &batch)
        case .ticker:
            // Noted last: a refused frame told nothing.
            self.streams.note(try self.decodeTicker(&reader, stream, received, into: &batch), at: place)
        case .kline(let interval): try Self.decodeKline(&reader, stream, interval, received, into: &batch)
        case .volatility: try self.decodeVolatility(&reader, stream, received, into: &batch)
        case .instruments: return try self.decodeInstrumentChange(&reader)
        case .platform: return try Self.decodePlatformState(&reader)
        }
        return nil
    }

    /// Refuses a frame that speaks of another instrument than its channel.
    func check(
        _ bytes: Span<UInt8>, _ symbol: Range<Int>?, against stream: DeribitStreams.Entry
    ) throws(FrameRefusal) {
        guard let symbol else { throw .missingField }
        guard self.streams.isSymbol(bytes, symbol, of: stream) else { throw .mismatch }
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

    /// Reads a price or a size at the instrument's scale.
    @inline(__always)
    static func decimal(
        _ reader: inout JSONReader, _ field: LevelField, _ instrument: InstrumentID, _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64 {
        do throws(JSONError) {
            _ = try reader.peek()
        } catch {
            throw .json(error)
        }
        do throws(DecimalTextError) {
            let value = try reader.bareDecimal(scale: field == .price ? scales.price : scales.size)
            guard field == .price || value >= 0 else { throw .malformed }
            return value
        } catch {
            throw Self.refusal(error, of: field, instrument, scales)
        }
    }

    /// The same for a number that stands at a place.
    @inline(__always)
    static func decimal(
        _ bytes: Span<UInt8>, at position: Int, _ field: LevelField, _ instrument: InstrumentID,
        _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64 {
        var reader = JSONReader(bytes, at: position)
        return try Self.decimal(&reader, field, instrument, scales)
    }

    // MARK: - The venue as a whole

    /// Tells that the list changed, where the change is of an instrument of this section.
    private func decodeInstrumentChange(_ reader: inout JSONReader) throws(FrameRefusal) -> VenueControl? {
        var name: Range<Int>?
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "instrument_name") {
                    name = try reader.string()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        guard let name else { throw .missingField }
        return self.isOfSection(reader.bytes, name) ? .instrumentsChanged : nil
    }

    /// Whether a name ends as the section's do: `-PERPETUAL`, `-C` or `-P`.
    private func isOfSection(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        var start = name.upperBound
        while start > name.lowerBound, bytes[start - 1] != UInt8(ascii: "-") { start -= 1 }
        let end = start..<name.upperBound
        let reader = JSONReader(bytes)
        switch self.segment {
        case .perpetual: return reader.isText(end, "PERPETUAL")
        case .option: return reader.isText(end, "C") || reader.isText(end, "P")
        case .index: return false
        }
    }

    /// Reads `{"maintenance":true}` or `{"price_index":"btc_usd","locked":true}`.
    ///
    /// Maintenance ends every connection: a new one is sought at once, and the old one serves until then. A lock, of
    /// which `instrument.state` says nothing, and the end of either change the state of instruments.
    private static func decodePlatformState(_ reader: inout JSONReader) throws(FrameRefusal) -> VenueControl {
        var isMaintenance = false
        do throws(JSONError) {
            var isMember = try reader.beginObject()
            while isMember {
                let key = try reader.key()
                if reader.isText(key, "maintenance") {
                    isMaintenance = try reader.boolean()
                } else {
                    try reader.skipValue()
                }
                isMember = try reader.nextMember()
            }
        } catch {
            throw .json(error)
        }
        return isMaintenance ? .shutdown : .instrumentsChanged
    }
}
