import Foundation
import MarketModel
import Testing

@testable import Publishing

/// A publisher of one instrument over a small queue, whose messages the test takes out itself.
struct PublisherBench: ~Copyable {
    static let book = InstrumentID(0)

    let queue: PublishQueue
    var publisher: EventPublisher<JSONMessageEncoder>
    let ledger = GapLedger(instance: "test", boot: "b")
    private var sequence: UInt64 = 1

    /// - Parameter messages: What each lane takes; conflation begins at half of it.
    init(
        messages: Int = 16, bytes: Int = 64 << 10, state: PublishQueue.DeliveryState = .up, boot: String = "b"
    ) {
        let limits = QueueLimits(bytes: bytes, messages: messages)
        self.queue = PublishQueue(limits: limits, waker: PublisherWaker())
        self.queue.setDeliveryState(state)
        self.publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: self.queue, subjects: Subjects(), instance: "test", boot: boot,
            depth: 10, ledger: self.ledger)
        let instrument = Instrument(
            venue: VenueID("binance"), segment: "spot", market: .spot, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
            base: "BTC", quote: "USDT", contract: .spot, unit: .base)
        self.publisher.add(instrument, scales: DecimalScales(price: 2, size: 3))
    }

    // MARK: - Putting in

    /// Publishes a trade.
    ///
    /// - Parameters:
    ///   - id: As the venue counts it.
    ///   - first: The first that it covers.
    ///   - name: The venue's own id; the count where there is none.
    mutating func trade(
        _ id: UInt64, first: UInt64? = nil, name: String? = nil, isBackfilled: Bool = false
    ) {
        let text = Array((name ?? String(id)).utf8)
        var trade = Trade(
            instrument: Self.book, id: FrameText(offset: 0, count: text.count), sequence: id, firstSequence: first,
            price: 6_173_763, size: 1_500, aggressor: .buy, isAggregate: first != nil, eventTime: .none,
            sentTime: .none, receivedMicroseconds: 5)
        trade.isBackfilled = isBackfilled
        trade.isAwaited = isBackfilled
        let levels = LevelBuffer()
        text.withUnsafeBytes { self.publisher.publish(.trade(trade), frame: $0, levels: levels, now: 9) }
    }

    mutating func offer(bid: Int64) {
        self.publish(
            .bestBidOffer(
                BestBidOffer(
                    instrument: Self.book, bid: Level(price: bid, size: 1), ask: Level(price: 900, size: 2),
                    sequence: 0, eventTime: .none, sentTime: .none, receivedMicroseconds: 5)))
    }

    /// Publishes a delta of so many levels.
    mutating func delta(levels count: Int = 1) {
        var levels = LevelBuffer()
        for index in 0..<count { _ = levels.append(Level(price: Int64(index) + 1, size: 1)) }
        self.sequence += 1
        let delta = OrderBookDelta(
            head: self.head, previousSequence: self.sequence - 1, bids: .init(start: 0, count: Int32(count)),
            asks: .empty)
        let frame = UnsafeRawBufferPointer(start: nil, count: 0)
        self.publisher.publish(.orderBookDelta(delta), frame: frame, levels: levels, now: 9)
    }

    mutating func view() {
        self.publish(
            .orderBook(
                OrderBookView(
                    head: self.head, state: .live, bidTrustedTo: .everything, askTrustedTo: .everything, bids: .empty,
                    asks: .empty)))
    }

    /// - Parameter frame: What the event's texts stand in.
    mutating func publish(_ event: MarketEvent, frame: String = "") {
        let levels = LevelBuffer()
        let bytes = Array(frame.utf8)
        bytes.withUnsafeBytes { self.publisher.publish(event, frame: $0, levels: levels, now: 9) }
    }

    /// Flushes what is held, and says of each book that is wanted whether it needs a new chain.
    mutating func flush() -> [Bool] { self.publisher.flushHeld(now: 10).map(\.needsNewChain) }

    private var head: BookHead {
        BookHead(
            instrument: Self.book, reseeds: 1, sequence: self.sequence, venueSequence: 7, trustedDepth: 10,
            eventTime: .none, sentTime: .none, receivedMicroseconds: 5)
    }

    // MARK: - Taking out

    /// A message as a subscriber would see it.
    struct Message {
        let subject: String
        let id: String
        let body: [String: Any]

        var type: String { self.body["type"] as? String ?? "" }
        var number: Int { self.body["n"] as? Int ?? -1 }

        /// The names of what is null.
        var nulls: Set<String> { Set(self.body.filter { $0.value is NSNull }.keys) }

        /// What the body says under some names, as text.
        func text(of names: some Sequence<String>) -> [String: String] {
            var texts: [String: String] = [:]
            for name in names {
                switch self.body[name] {
                case let text as String: texts[name] = text
                case let number as NSNumber:
                    // JSON's true and false come as numbers of one byte.
                    let isFlag = ["c", "B"].contains(String(cString: number.objCType))
                    texts[name] = isFlag ? String(number.boolValue) : number.stringValue
                default: texts[name] = "null"
                }
            }
            return texts
        }
    }

    /// Takes everything out of both lanes, as confirmed.
    func take() throws -> [Message] {
        var messages: [Message] = []
        for lane in self.queue.lanes {
            while let record = lane.nextUnsent() {
                let body = try JSONSerialization.jsonObject(with: Data(record.payload)) as? [String: Any]
                messages.append(
                    Message(
                        subject: String(cString: record.subject), id: String(decoding: record.id, as: UTF8.self),
                        body: try #require(body)))
                lane.markSent()
            }
            lane.release(lane.inFlightCount, as: .confirmed)
        }
        return messages
    }

    func counts(_ type: MessageType) -> TypeCounts { self.queue.counts(of: type) }
}
