package import MarketModel
package import OrderBook
package import Publishing
package import Venues

/// The way of a frame through one loop: decode, sequence, book, encode, queue. One thread, run to completion.
///
/// In the steady state it takes no lock, allocates nothing and logs nothing. Decoders belong to connections and are
/// lent for the call; everything else a loop shares between its connections stands here.
package struct Pipeline<Encoder: MessageEncoder>: ~Copyable {
    package private(set) var instruments = InstrumentTable()
    package var keeper: BookKeeper
    package var publisher: EventPublisher<Encoder>
    /// Frames refused, by `FrameRefusal.ordinal`.
    package private(set) var refusals = [UInt64](repeating: 0, count: FrameRefusal.labels.count)
    package private(set) var frames: UInt64 = 0
    /// The venue's time of the last event of the last frame; none where it gives no time.
    package private(set) var venueTime = Timestamp.none
    /// Changes when scales widened: every other decoder of the instrument must take them before its next frame.
    package private(set) var scalesVersion: UInt64 = 0
    /// Trades taken since they were last fetched; filled only when `recordsTrades` is set.
    package private(set) var recordedTrades: [Trade] = []
    package var recordsTrades = false
    /// What was asked for again and again and passed on once.
    package private(set) var answers = RepeatedAnswers()
    /// Bars and rates that were missed and fetched.
    package private(set) var backfilled: UInt64 = 0
    /// What was told of figures without ids.
    package private(set) var told = ToldFigures()
    /// Whether what comes now was kept while another socket brought the same.
    package var takesKept = false {
        didSet {
            self.told.isJudging = self.takesKept
            self.keeper.takesKept = self.takesKept
        }
    }
    private var batch = EventBatch()
    private var trades: ContiguousArray<TradeSequence> = []
    private var quotes: ContiguousArray<QuoteSequence> = []

    package init(books: BookSettings, publisher: consuming EventPublisher<Encoder>) {
        self.keeper = BookKeeper(settings: books)
        self.publisher = publisher
    }

    /// Takes an instrument into the loop.
    ///
    /// - Parameters:
    ///   - snapshotLimit: Levels a side that its snapshots are asked for; nil is the book settings' number.
    ///   - lastTrade: Its last trade that a process before this one published, by the venue's count, and when.
    package mutating func add(
        _ instrument: Instrument, keepsBook: Bool = true, snapshotLimit: Int? = nil, rule: SequenceRule = .covering,
        depth: DepthSemantics = .snapshotLimited, lastTrade: (id: UInt64, microseconds: Int64)? = nil
    ) -> InstrumentID {
        let id = self.instruments.add(instrument)
        self.keeper.add(id, isKept: keepsBook, snapshotLimit: snapshotLimit, rule: rule, semantics: depth)
        self.publisher.add(instrument, scales: self.instruments.scales(of: id))
        self.trades.append(TradeSequence())
        if let lastTrade { self.trades[Int(id.index)].resume(after: lastTrade.id, at: lastTrade.microseconds) }
        self.quotes.append(QuoteSequence())
        self.told.addInstrument()
        return id
    }

    /// Takes what the venue now says of an instrument; its scales only ever widen by what frames bring.
    package mutating func update(_ instrument: Instrument, of id: InstrumentID) {
        self.instruments.update(instrument, of: id)
        self.publisher.update(instrument, of: id)
    }

    /// What became of the trades of an instrument.
    package func trades(of id: InstrumentID) -> TradeSequence { self.trades[Int(id.index)] }

    /// What became of the best bids and offers of an instrument.
    package func quotes(of id: InstrumentID) -> QuoteSequence { self.quotes[Int(id.index)] }

    /// Takes note that the connection of an instrument ended: the venue may count anew on the next.
    package mutating func connectionEnded(of id: InstrumentID) {
        self.quotes[Int(id.index)].restart()
        self.trades[Int(id.index)].connectionEnded()
    }

    // MARK: - Frames

    /// Takes one frame of a connection whose decoder is lent.
    ///
    /// - Returns: What the frame said to the connection, if anything.
    @inline(__always)
    package mutating func take<Decoder: FrameDecoder & ~Copyable>(
        _ frame: Frame, _ decoder: inout Decoder
    ) throws(FrameRefusal) -> VenueControl? {
        self.frames &+= 1
        var control: VenueControl?
        // Each retry widens a scale by at least a digit.
        for _ in 0...Int(2 * FixedPoint.scaleMax) {
            self.batch.removeAll()
            do throws(FrameRefusal) {
                control = try decoder.decode(frame, into: &self.batch)
            } catch {
                if self.widened(after: error, &decoder, at: frame.receivedMicroseconds) { continue }
                self.refusals[error.ordinal] &+= 1
                throw error
            }
            self.run(frame)
            return control
        }
        return nil
    }

    /// Takes the answer to a question about an instrument, or about a whole section.
    package mutating func takeAnswer<Decoder: FrameDecoder & ~Copyable>(
        _ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?, _ decoder: inout Decoder
    ) throws(FrameRefusal) {
        self.frames &+= 1
        for _ in 0...Int(2 * FixedPoint.scaleMax) {
            self.batch.removeAll()
            do throws(FrameRefusal) {
                try decoder.decodeAnswer(frame, to: question, of: instrument, into: &self.batch)
            } catch {
                if self.widened(after: error, &decoder, at: frame.receivedMicroseconds) { continue }
                self.refusals[error.ordinal] &+= 1
                throw error
            }
            self.run(frame)
            return
        }
    }

    @inline(__always)
    private mutating func run(_ frame: Frame) {
        let count = self.batch.eventCount
        self.venueTime = .none
        for index in 0..<count {
            switch self.batch.event(index) {
            case .depth(let update):
                self.venueTime = update.eventTime
                self.keeper.take(update, &self.batch)
            case .trade(var trade):
                self.venueTime = trade.eventTime
                let index = Int(trade.instrument.index)
                switch self.trades[index].take(trade) {
                case .repeated: continue
                case .next: break
                case .behindHole: self.tellJump(trade)
                case .late: trade.isAwaited = true
                case .anew: self.tellRestart(trade)
                }
                if self.recordsTrades { self.recordedTrades.append(trade) }
                self.publish(.trade(trade), frame)
            case .bestBidOffer(let offer):
                self.venueTime = offer.eventTime
                guard self.quotes[Int(offer.instrument.index)].take(offer) else { continue }
                if offer.sequence == 0 { guard self.told.take(offer) else { continue } }
                self.publish(.bestBidOffer(offer), frame)
            case .markPrice(let price):
                self.venueTime = price.eventTime
                if self.told.take(price) { self.publish(.markPrice(price), frame) }
            case .fundingRate(let rate):
                self.venueTime = rate.eventTime
                if rate.isBackfilled {
                    self.backfilled &+= 1
                } else if !self.told.take(rate) {
                    continue
                }
                self.publish(.fundingRate(rate), frame)
            case .kline(let bar):
                self.venueTime = bar.eventTime
                if bar.isBackfilled {
                    self.backfilled &+= 1
                } else if !self.told.take(bar, in: frame) {
                    continue
                }
                self.publish(.kline(bar), frame)
            case .openInterest(let interest):
                self.venueTime = interest.eventTime
                if self.answers.take(interest) { self.publish(.openInterest(interest), frame) }
            case .longShortRatio(let ratio):
                if self.answers.take(ratio) { self.publish(.longShortRatio(ratio), frame) }
            case .volatilityIndex(let value):
                let isTick = value.resolutionMicroseconds == 0
                let isNews = isTick ? self.told.take(value) : self.answers.take(value)
                if isNews { self.publish(.volatilityIndex(value), frame) }
            case .liquidation(let liquidation):
                if self.told.take(liquidation, in: frame) { self.publish(.liquidation(liquidation), frame) }
            case .orderBook, .orderBookDelta, .instrument, .status, .heartbeat:
                self.publish(self.batch.event(index), frame)
            }
        }
        // What the books appended follows what the frame said.
        for index in count..<self.batch.eventCount { self.publish(self.batch.event(index), frame) }
    }

    @inline(__always)
    private mutating func publish(_ event: MarketEvent, _ frame: Frame) {
        self.publisher.publish(
            event, frame: frame.bytes, levels: self.batch.levels, now: frame.receivedMicroseconds)
    }

    /// Widens scales after a value with more digits than any before; false when that is not what happened.
    private mutating func widened<Decoder: FrameDecoder & ~Copyable>(
        after refusal: FrameRefusal, _ decoder: inout Decoder, at now: Int64
    ) -> Bool {
        switch refusal {
        case .needsScale(let id, let wanted):
            let old = self.instruments.scales(of: id)
            // Another connection of the instrument may have widened them already.
            let wider = DecimalScales(price: max(wanted.price, old.price), size: max(wanted.size, old.size))
            guard self.keeper.rescale(id, price: wider.price - old.price, size: wider.size - old.size) else {
                self.stop(id, at: now)
                return false
            }
            self.instruments.setScales(wider, of: id)
            self.publisher.setScales(wider, of: id)
            decoder.setScales(wider, of: id)
            self.scalesVersion &+= 1
            return true
        case .valueTooLarge(let id):
            self.stop(id, at: now)
            return false
        case .json, .unknownStream, .unknownEvent, .missingField, .mismatch, .tooLarge, .notMarket:
            return false
        }
    }

    /// Ends one instrument whose numbers do not fit 64 bits; the others go on.
    private mutating func stop(_ id: InstrumentID, at now: Int64) {
        self.withEvents(at: now) { keeper, batch in keeper.release(id, at: now, &batch) }
    }

    package mutating func takeRecordedTrades() -> [Trade] {
        guard !self.recordedTrades.isEmpty else { return [] }
        defer { self.recordedTrades = [] }
        return self.recordedTrades
    }

    // MARK: - What was missed

    /// Takes an answer with trades that were missed, and publishes those of the wanted ids that have not come since.
    ///
    /// - Parameter wanted: Ids that are known to be missing, by the venue's count.
    package mutating func takeTrades<Decoder: FrameDecoder & ~Copyable>(
        _ frame: Frame, of instrument: InstrumentID, wanted: TradeRuns, _ decoder: inout Decoder
    ) throws(FrameRefusal) -> RepairedTrades {
        for _ in 0...Int(2 * FixedPoint.scaleMax) {
            self.batch.removeAll()
            do throws(FrameRefusal) {
                try decoder.decodeAnswer(frame, to: .trades, of: instrument, into: &self.batch)
            } catch {
                if self.widened(after: error, &decoder, at: frame.receivedMicroseconds) { continue }
                self.refusals[error.ordinal] &+= 1
                throw error
            }
            return self.repair(instrument, wanted, frame)
        }
        return RepairedTrades()
    }

    private mutating func repair(
        _ instrument: InstrumentID, _ wanted: TradeRuns, _ frame: Frame
    ) -> RepairedTrades {
        var result = RepairedTrades()
        var isTaken = false
        for index in 0..<self.batch.eventCount {
            switch self.batch.event(index) {
            case .trade(var trade):
                isTaken = false
                guard trade.instrument == instrument, wanted.contains(trade.sequence) else { continue }
                result.offered += 1
                guard self.trades[Int(instrument.index)].wants(trade) else { continue }
                trade.isBackfilled = true
                trade.isAwaited = true
                // Live data goes first.
                guard self.publisher.hasRoomToSpare(for: .trade),
                    self.publisher.publish(trade, frame.bytes, frame.receivedMicroseconds)
                else {
                    result.isCutShort = true
                    return result
                }
                self.trades[Int(instrument.index)].repair(trade)
                result.taken += 1
                isTaken = true
            case .liquidation where isTaken:
                self.publish(self.batch.event(index), frame)
            case .depth, .orderBook, .orderBookDelta, .bestBidOffer, .markPrice, .fundingRate, .openInterest,
                .liquidation, .longShortRatio, .volatilityIndex, .kline, .instrument, .status, .heartbeat:
                continue
            }
        }
        return result
    }

    // MARK: - What does not come from a frame

    /// Lets the books act and publishes what they say.
    package mutating func withEvents(
        at now: Int64, _ body: (inout BookKeeper, inout EventBatch) -> Void
    ) {
        self.batch.removeAll()
        body(&self.keeper, &self.batch)
        let frame = Frame(bytes: UnsafeRawBufferPointer(start: nil, count: 0), receivedMicroseconds: now)
        for index in 0..<self.batch.eventCount { self.publish(self.batch.event(index), frame) }
    }

    /// Publishes one event that no frame brought.
    package mutating func publish(_ event: MarketEvent, at now: Int64) {
        self.withEvents(at: now) { _, batch in _ = batch.append(event) }
    }

    /// Publishes what the clock asks for and what waited for room.
    package mutating func tick(at now: Int64) {
        for index in 0..<self.keeper.count {
            self.withEvents(at: now) { keeper, batch in keeper.publishDue(InstrumentID(index), at: now, &batch) }
        }
        self.tellBookLosses()
        for held in self.publisher.flushHeld(now: now) {
            self.withEvents(at: now) { keeper, batch in
                if held.needsNewChain {
                    keeper.startNewChain(held.instrument, at: now, &batch)
                } else {
                    keeper.publish(held.instrument, at: now, &batch)
                }
            }
        }
    }
}
