package import MarketModel

/// Puts rows of one series into a lane as messages: the schema of live ones, under subjects of their own.
struct HistoryMessages: Sendable {
    let identity: HistoryIdentity
    let subject: String
    private let subjectBytes: [UInt8]
    private let prefix: [UInt8]
    private let unit: SizeUnit
    private let encoder = JSONMessageEncoder()

    init(
        _ instrument: Instrument, _ identity: HistoryIdentity, subjects: Subjects, instance: String, boot: String
    ) {
        self.identity = identity
        self.subject = subjects.subject(
            identity.type, venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol)
        self.subjectBytes = Array(self.subject.utf8)
        self.prefix = Array(
            self.encoder.prefix(identity.type, of: instrument, instance: instance, boot: boot).utf8)
        self.unit = instrument.unit
    }

    /// Queues one; false when the lane has no room now. `number` is only taken when there is.
    ///
    /// - Parameters:
    ///   - frame: What the row's texts point into.
    ///   - id: A trade's own.
    func put(
        _ event: MarketEvent, _ frame: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, scales: DecimalScales,
        number: () -> UInt64, into lane: PublishLane
    ) throws(HistoryPublishError) -> Int? {
        guard let place = HistoryIdentity.place(of: event) else {
            throw HistoryPublishError("a row on \(self.subject) has no place in its series", .rows)
        }
        let bytes = frame.assumingMemoryBound(to: UInt8.self).span
        var numbers: KlineNumbers?
        if case .kline(let bar) = event {
            numbers = KlineNumbers(bar, in: bytes)
            guard numbers != nil else {
                throw HistoryPublishError("a bar on \(self.subject) lacks numbers", .rows)
            }
        }
        let fixed = self.subjectBytes.count + 1 + self.prefix.count + self.encoder.fixedBytesMax
        let texts = 2 * id.count + (numbers?.textBytesMax ?? 0)
        let most = fixed + texts + ByteWriter.identityBytesMax
        guard most <= lane.maximumBodyBytes else { throw HistoryPublishError(.tooLarge, on: self.subject) }
        guard let memory = lane.reserve(upTo: most) else { return nil }
        var writer = ByteWriter(memory)
        self.subjectBytes.withUnsafeBytes { writer.bytes($0) }
        writer.byte(0)
        writer.historyID(of: event, self.identity, at: place, id: id)
        let idLength = writer.count - self.subjectBytes.count - 1
        self.prefix.withUnsafeBytes { writer.bytes($0) }
        self.encode(event, numbers, bytes, id, scales, number(), to: &writer)
        writer.close()
        let payloadLength = writer.count - self.subjectBytes.count - 1 - idLength
        lane.commit(
            type: self.identity.type, subjectLength: self.subjectBytes.count, idLength: idLength,
            payloadLength: payloadLength, enqueuedMicroseconds: PublishClock.wall(), receivedMicroseconds: 0)
        return payloadLength
    }

    private func encode(
        _ event: MarketEvent, _ numbers: KlineNumbers?, _ frame: Span<UInt8>, _ id: UnsafeRawBufferPointer,
        _ scales: DecimalScales, _ number: UInt64, to writer: inout ByteWriter
    ) {
        switch event {
        case .trade(let trade):
            self.encoder.encode(trade, id: id, number: number, unit: self.unit, scales: scales, to: &writer)
        case .bestBidOffer(let offer):
            self.encoder.encode(offer, number: number, unit: self.unit, scales: scales, to: &writer)
        case .kline(let bar):
            if let numbers {
                self.encoder.encode(bar, numbers: numbers, frame: frame, number: number, to: &writer)
            }
        case .fundingRate(let rate): self.encoder.encode(rate, number: number, to: &writer)
        case .openInterest(let interest):
            self.encoder.encode(interest, number: number, unit: self.unit, to: &writer)
        case .longShortRatio(let ratio): self.encoder.encode(ratio, number: number, to: &writer)
        case .markPrice(let price): self.encoder.encode(price, number: number, to: &writer)
        case .volatilityIndex(let index): self.encoder.encode(index, number: number, to: &writer)
        case .depth, .orderBook, .orderBookDelta, .liquidation, .instrument, .status, .heartbeat:
            preconditionFailure("a row without a place was let through")
        }
    }
}

extension MarketEvent {
    /// The same as a row of the past, received then; other events as they are.
    package func backfilled(receivedMicroseconds: Int64) -> MarketEvent {
        switch self {
        case .trade(var trade):
            trade.isBackfilled = true
            trade.receivedMicroseconds = receivedMicroseconds
            return .trade(trade)
        case .bestBidOffer(var offer):
            offer.isBackfilled = true
            offer.receivedMicroseconds = receivedMicroseconds
            return .bestBidOffer(offer)
        case .kline(var bar):
            bar.isBackfilled = true
            bar.receivedMicroseconds = receivedMicroseconds
            return .kline(bar)
        case .fundingRate(var rate):
            rate.isBackfilled = true
            rate.receivedMicroseconds = receivedMicroseconds
            return .fundingRate(rate)
        case .openInterest(var interest):
            interest.isBackfilled = true
            interest.receivedMicroseconds = receivedMicroseconds
            return .openInterest(interest)
        case .longShortRatio(var ratio):
            ratio.isBackfilled = true
            ratio.receivedMicroseconds = receivedMicroseconds
            return .longShortRatio(ratio)
        case .markPrice(var price):
            price.isBackfilled = true
            price.receivedMicroseconds = receivedMicroseconds
            return .markPrice(price)
        case .volatilityIndex(var index):
            index.isBackfilled = true
            index.receivedMicroseconds = receivedMicroseconds
            return .volatilityIndex(index)
        case .depth, .orderBook, .orderBookDelta, .liquidation, .instrument, .status, .heartbeat:
            return self
        }
    }
}
