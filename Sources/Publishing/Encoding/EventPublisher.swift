package import MarketModel

/// The last stage of a loop: encodes events straight into the queue's memory and holds to the policy of each type.
///
/// - `orderbook`, `bbo`, `mark_price`, `instrument` and `heartbeat` are conflated at the source: above the watermark a flag
///   per subject says "changed", and the current state is encoded when there is room.
/// - `orderbook_delta` in core mode is dropped and counted; its book then needs a new chain.
/// - Everything else is dropped only when the queue is full, and counted.
///
/// Confined to its loop's thread.
package struct EventPublisher<Encoder: MessageEncoder>: ~Copyable {
    /// What is held of one instrument.
    struct Slot {
        var unit: SizeUnit
        var scales: DecimalScales
        var depth: Int
        /// The book has changed since it could last be published.
        var viewIsHeld = false
        var instrumentIsHeld = false
        /// Readers missed a delta: nothing of this chain is worth sending.
        var chainIsLost = false
        /// What cost the chain its first delta.
        var chainLoss = DropReason.queueFull
        var heldOffer: BestBidOffer?
    }

    let encoder: Encoder
    private let segments: [String]
    let queue: PublishQueue
    private let subjects: Subjects
    private let instance: String
    private let boot: String
    /// Where the boot stands in the table, for the name of a chain.
    private let bootPlace: Int
    /// Where the beginning of ids stands that are made here, `<instance>:<boot>:`.
    private let ownIDPlace: Int
    private let depth: Int

    var table: SubjectTable
    var slots: ContiguousArray<Slot> = []
    /// Where the subjects of each instrument stand in the table, by message type; -1 until the first message of the type.
    ///
    /// A service collects a few of an instrument's types, and each subject costs 300 bytes of text. No list of types says
    /// which: none could disagree with what really comes.
    private var places: ContiguousArray<Int32> = []
    /// The newest mark price of an instrument that there was no room for.
    var heldMarks: ContiguousArray<MarkPrice?> = []
    private(set) var instruments: [Instrument] = []
    private var connectionPlaces: [(name: String, place: Int)] = []
    private let servicePlace: Int
    private let heartbeatPlace: Int
    var heldViews = 0
    var heldOffers = 0
    var heldMarkCount = 0
    var heldInstruments = 0
    var seenEpoch: UInt64
    /// Messages given up since the ledger was last told, by the place of their subject.
    var lost: [Int: ProducerLoss] = [:]
    package let ledger: GapLedger?

    /// Bytes of message bodies encoded, conflated and dropped ones aside.
    package private(set) var encodedBytes: UInt64 = 0

    /// - Parameters:
    ///   - segments: The venues' segments that latencies are told by; messages of the first carry the number 1.
    ///   - ledger: Is told what is given up here.
    package init(
        encoder: Encoder, queue: PublishQueue, subjects: Subjects, instance: String, boot: String, depth: Int,
        segments: [String] = [], ledger: GapLedger? = nil
    ) {
        precondition(MessageType.allCases.last == .heartbeat, "a type of instruments behind their places")
        self.ledger = ledger
        self.segments = segments
        self.encoder = encoder
        self.queue = queue
        self.subjects = subjects
        self.instance = instance
        self.boot = boot
        self.depth = depth
        var table = SubjectTable()
        self.bootPlace = table.add(subject: boot, prefix: "")
        self.ownIDPlace = table.add(subject: "\(instance):\(boot):", prefix: "")
        self.servicePlace = table.add(
            subject: subjects.subject(.status, venue: nil, market: nil, symbol: instance),
            prefix: encoder.prefix(.status, of: nil, instance: instance, boot: boot))
        self.heartbeatPlace = table.add(
            subject: subjects.heartbeat(instance: instance),
            prefix: encoder.prefix(.heartbeat, of: nil, instance: instance, boot: boot))
        self.table = table
        self.seenEpoch = queue.coreEpoch
    }

    /// Subjects that messages have had so far: a few for each instrument and connection.
    package var subjectCount: Int { self.table.entries.count }

    /// The bytes of subjects and fixed message parts.
    package var bytes: Int {
        self.table.bytes + self.slots.capacity * MemoryLayout<Slot>.stride
            + self.places.capacity * MemoryLayout<Int32>.stride
            + self.heldMarks.capacity * MemoryLayout<MarkPrice?>.stride
    }

    // MARK: - Registration

    /// Registers the next instrument; ids are dense from 0.
    package mutating func add(_ instrument: Instrument, scales: DecimalScales) {
        self.slots.append(Slot(unit: instrument.unit, scales: scales, depth: self.depth))
        self.places.append(contentsOf: repeatElement(-1, count: Self.placesEach))
        self.heldMarks.append(nil)
        self.instruments.append(instrument)
    }

    /// Takes what the venue now says of an instrument.
    package mutating func update(_ instrument: Instrument, of id: InstrumentID) {
        self.instruments[Int(id.index)] = instrument
    }

    /// Registers a connection and gives the number that status changes name it by.
    package mutating func addConnection(_ name: String, venue: VenueID) -> Int32 {
        let place = self.table.add(
            subject: self.subjects.connection(name, venue: venue.name, market: nil),
            prefix: self.encoder.prefix(.status, of: nil, instance: self.instance, boot: self.boot))
        self.connectionPlaces.append((name, place))
        return Int32(self.connectionPlaces.count - 1)
    }

    /// Places of an instrument: one for each type, but for the last, `heartbeat`, which is of none.
    private static var placesEach: Int { Int(MessageType.heartbeat.rawValue) }

    /// Where an instrument's subject of a type stands in the table.
    @inline(__always)
    mutating func place(_ type: MessageType, _ id: InstrumentID) -> Int {
        let place = self.places[Int(id.index) &* Self.placesEach &+ Int(type.rawValue)]
        return place >= 0 ? Int(place) : self.register(type, id)
    }

    /// Registers an instrument's subject: the one allocation of its life.
    @inline(never)
    private mutating func register(_ type: MessageType, _ id: InstrumentID) -> Int {
        let instrument = self.instruments[Int(id.index)]
        let place = self.table.add(
            subject: self.subjects.subject(
                type, venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol),
            prefix: self.encoder.prefix(type, of: instrument, instance: self.instance, boot: self.boot),
            source: UInt8(
                clamping: (self.segments.firstIndex(of: "\(instrument.venue) \(instrument.segment)") ?? -1) + 1))
        self.places[Int(id.index) * Self.placesEach + Int(type.rawValue)] = Int32(place)
        return place
    }

    // MARK: - Publishing

    /// Publishes one event.
    ///
    /// - Parameters:
    ///   - frame: The bytes that the event's texts stand in.
    ///   - now: Microseconds since the epoch.
    @inline(__always)
    package mutating func publish(
        _ event: MarketEvent, frame: UnsafeRawBufferPointer, levels: borrowing LevelBuffer, now: Int64
    ) {
        switch event {
        case .trade(let trade): _ = self.publish(trade, frame, now)
        case .orderBookDelta(let delta): self.publish(delta, levels, now)
        case .orderBook(let view): self.publish(view, levels, now)
        case .bestBidOffer(let offer): self.publish(offer, now)
        case .instrument(let id): self.publishInstrument(id, now)
        case .status(let change): self.publish(change, now)
        case .heartbeat(let heartbeat): self.publish(heartbeat, now)
        case .depth: break  // the book stage has turned it into views and deltas
        case .markPrice(let price): self.publish(price, now)
        case .fundingRate(let rate): self.publish(rate, now)
        case .openInterest(let interest): self.publish(interest, now)
        case .liquidation(let liquidation): self.publish(liquidation, frame, now)
        case .longShortRatio(let ratio): self.publish(ratio, now)
        case .volatilityIndex(let index): self.publish(index, now)
        case .kline(let bar): self.publish(bar, frame, now)
        }
    }

    /// Publishes a trade; false when there is no room for it, which is counted and told to the ledger.
    @inline(__always)
    package mutating func publish(_ trade: Trade, _ frame: UnsafeRawBufferPointer, _ now: Int64) -> Bool {
        let slot = self.slots[Int(trade.instrument.index)]
        let start = Int(trade.id.offset)
        let id = UnsafeRawBufferPointer(rebasing: frame[start..<(start + Int(trade.id.count))])
        let place = self.place(.trade, trade.instrument)
        let number = self.table.next(place)
        let most = max(id.count, TradeSpan.bytesMax) + id.count
        guard var writer = self.reserve(.trade, at: place, bytesMax: most) else {
            // The ledger tells already of one that is awaited.
            if !trade.isAwaited {
                self.lose(
                    .trade, of: trade.instrument, at: place, trade.firstSequence, through: trade.sequence,
                    numbering: trade.sequence == 0 ? nil : .tradeID, now)
            }
            return false
        }
        let before = writer.count
        if !writer.span(of: trade) { writer.bytes(id) }
        let idCount = writer.count - before
        writer.bytes(self.table.prefix(place))
        self.encoder.encode(trade, id: id, number: number, unit: slot.unit, scales: slot.scales, to: &writer)
        self.close(
            writer, .trade, at: place, idCount: idCount, received: trade.receivedMicroseconds,
            isAwaited: trade.isAwaited, now)
        return true
    }

    @inline(__always)
    private mutating func publish(_ delta: OrderBookDelta, _ levels: borrowing LevelBuffer, _ now: Int64) {
        let index = Int(delta.head.instrument.index)
        let slot = self.slots[index]
        let place = self.place(.orderbookDelta, delta.head.instrument)
        let number = self.table.next(place)
        let lane = self.queue.lane(for: .orderbookDelta)
        guard lane.kind != .core || self.queue.deliveryState == .up else {
            self.loseChain(index, .disconnected)
            lane.countDropped(.orderbookDelta, .disconnected)
            self.lose(.orderbookDelta, of: delta.head.instrument, at: place, number, reason: .disconnected, now)
            return
        }
        guard !slot.chainIsLost else {
            lane.countDropped(.orderbookDelta, slot.chainLoss)
            self.lose(.orderbookDelta, of: delta.head.instrument, at: place, number, reason: slot.chainLoss, now)
            return
        }
        let count = Int(delta.bids.count) + Int(delta.asks.count)
        let most = count * ByteWriter.levelBytesMax
        guard var writer = self.open(.orderbookDelta, at: place, id: Self.noID, bytesMax: most) else {
            self.loseChain(index, .queueFull)
            self.lose(.orderbookDelta, of: delta.head.instrument, at: place, number, now)
            return
        }
        self.encoder.encode(delta, levels: levels, number: number, book: self.bookEncoding(slot), to: &writer)
        self.close(
            writer, .orderbookDelta, at: place, idCount: 0, received: delta.head.receivedMicroseconds, now)
    }

    private mutating func publish(_ view: OrderBookView, _ levels: borrowing LevelBuffer, _ now: Int64) {
        let index = Int(view.head.instrument.index)
        let slot = self.slots[index]
        // A view of a lost chain would let readers follow deltas that were never sent.
        guard self.mayQueue(.orderbook), !slot.chainIsLost else {
            self.queue.lane(for: .orderbook).countConflated(.orderbook)
            self.hold(view: index)
            return
        }
        let count = Int(view.bids.count) + Int(view.asks.count)
        let place = self.place(.orderbook, view.head.instrument)
        let number = self.table.next(place)
        let most = count * ByteWriter.levelBytesMax
        guard var writer = self.open(.orderbook, at: place, id: Self.noID, bytesMax: most) else { return }
        self.encoder.encode(view, levels: levels, number: number, book: self.bookEncoding(slot), to: &writer)
        self.close(
            writer, .orderbook, at: place, idCount: 0, received: view.head.receivedMicroseconds, now)
        if slot.viewIsHeld {
            self.slots[index].viewIsHeld = false
            self.heldViews -= 1
        }
    }

    @inline(__always)
    mutating func publish(_ offer: BestBidOffer, _ now: Int64) {
        let index = Int(offer.instrument.index)
        let slot = self.slots[index]
        guard self.mayQueue(.bbo) else {
            self.queue.lane(for: .bbo).countConflated(.bbo)
            if slot.heldOffer == nil { self.heldOffers += 1 }
            self.slots[index].heldOffer = offer
            return
        }
        if slot.heldOffer != nil {
            self.slots[index].heldOffer = nil
            self.heldOffers -= 1
        }
        let place = self.place(.bbo, offer.instrument)
        let number = self.table.next(place)
        guard var writer = self.open(.bbo, at: place, id: Self.noID, bytesMax: 0) else { return }
        self.encoder.encode(offer, number: number, unit: slot.unit, scales: slot.scales, to: &writer)
        self.close(writer, .bbo, at: place, idCount: 0, received: offer.receivedMicroseconds, now)
    }

    mutating func publishInstrument(_ id: InstrumentID, _ now: Int64) {
        let index = Int(id.index)
        guard self.mayQueue(.instrument) else {
            self.queue.lane(for: .instrument).countConflated(.instrument)
            if !self.slots[index].instrumentIsHeld { self.heldInstruments += 1 }
            self.slots[index].instrumentIsHeld = true
            return
        }
        if self.slots[index].instrumentIsHeld {
            self.slots[index].instrumentIsHeld = false
            self.heldInstruments -= 1
        }
        let place = self.place(.instrument, id)
        let number = self.table.next(place)
        let text = self.encoder.text(
            self.instruments[index], number: number, received: Timestamp(microseconds: now))
        self.enqueue(.instrument, at: place, number: number, text: text, now)
    }

    private mutating func publish(_ change: StatusChange, _ now: Int64) {
        let place: Int
        let name: String
        switch change.source {
        case .connection(let index):
            place = self.connectionPlaces[Int(index)].place
            name = self.connectionPlaces[Int(index)].name
        case .book(let id):
            place = self.place(.status, id)
            name = self.instruments[Int(id.index)].symbol
        case .service:
            place = self.servicePlace
            name = self.instance
        }
        let number = self.table.next(place)
        let text = self.encoder.text(change, name: name, number: number)
        self.enqueue(.status, at: place, number: number, text: text, now)
    }

    private mutating func publish(_ heartbeat: Heartbeat, _ now: Int64) {
        // The next one says more.
        guard self.mayQueue(.heartbeat) else {
            self.queue.lane(for: .heartbeat).countConflated(.heartbeat)
            return
        }
        let number = self.table.next(self.heartbeatPlace)
        let text = self.encoder.text(heartbeat, number: number)
        self.enqueue(.heartbeat, at: self.heartbeatPlace, number: number, text: text, now)
    }

    @inline(__always)
    func mayQueue(_ type: MessageType) -> Bool {
        self.queue.deliveryState == .up && !self.queue.lane(for: type).isAboveWatermark
    }

    /// Whether messages that have time may be queued now, without taking the place of others.
    package func hasRoomToSpare(for type: MessageType) -> Bool { self.mayQueue(type) }

    @inline(__always)
    private func bookEncoding(_ slot: Slot) -> BookEncoding {
        BookEncoding(
            boot: self.table.subject(self.bootPlace), unit: slot.unit, depth: slot.depth, scales: slot.scales)
    }

    // MARK: - Into the queue

    /// The id of messages that nobody deduplicates.
    private static var noID: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Reserves room and writes all up to the message's number; nil when there is none, which is counted.
    @inline(__always)
    private mutating func open(
        _ type: MessageType, at place: Int, id: UnsafeRawBufferPointer, bytesMax: Int
    ) -> ByteWriter? {
        guard var writer = self.reserve(type, at: place, bytesMax: id.count + bytesMax) else { return nil }
        writer.bytes(id)
        writer.bytes(self.table.prefix(place))
        return writer
    }

    /// Reserves room for a message beside `bytesMax`, of which its id is a part, and writes its subject; nil when there is
    /// none, which is counted.
    @inline(__always)
    mutating func reserve(_ type: MessageType, at place: Int, bytesMax: Int) -> ByteWriter? {
        let lane = self.queue.lane(for: type)
        let subject = self.table.subject(place)
        let fixed = subject.count + 1 + self.table.prefix(place).count
        let most = fixed + self.encoder.fixedBytesMax + self.boot.utf8.count + bytesMax
        guard let memory = lane.reserve(upTo: most) else {
            lane.countDropped(type, most > lane.maximumBodyBytes ? .tooLarge : .queueFull)
            return nil
        }
        var writer = ByteWriter(memory)
        writer.bytes(subject)
        writer.byte(0)
        return writer
    }

    /// The beginning of ids that are made here, `<instance>:<boot>:`.
    var ownID: UnsafeRawBufferPointer { self.table.subject(self.ownIDPlace) }

    /// Queues what was written.
    @inline(__always)
    mutating func close(
        _ writer: borrowing ByteWriter, _ type: MessageType, at place: Int, idCount: Int, received: Int64,
        isAwaited: Bool = false, _ now: Int64
    ) {
        writer.close()
        let subjectCount = self.table.subject(place).count
        let length = writer.count - subjectCount - 1 - idCount
        self.queue.lane(for: type).commit(
            type: type, source: self.table.source(place), isAwaited: isAwaited, subjectLength: subjectCount,
            idLength: idCount, payloadLength: length, enqueuedMicroseconds: now, receivedMicroseconds: received)
        self.encodedBytes &+= UInt64(length)
    }

    /// Enqueues a message that was made as text; it has no venue id, so `<instance>:<boot>:<n>` stands for one.
    private mutating func enqueue(_ type: MessageType, at place: Int, number: UInt64, text: String, _ now: Int64) {
        let id = Array("\(self.instance):\(self.boot):\(number)".utf8)
        let body = Array(text.utf8)
        id.withUnsafeBytes { id in
            body.withUnsafeBytes { body in
                guard var writer = self.open(type, at: place, id: id, bytesMax: body.count) else { return }
                writer.bytes(body)
                self.close(writer, type, at: place, idCount: id.count, received: 0, now)
            }
        }
    }
}
