import Foundation
import MarketModel
import Testing

@testable import Publishing

/// A real server, and publishers of history that come and go.
final class HistoryRig: Sendable {
    static let instrument = Instrument(
        venue: VenueID("binance"), segment: "usdm", market: .perpetual, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
        base: "BTC", quote: "USDT", contract: .linear, unit: .base)
    static let live = "md.trade.binance.perpetual.BTC-USDT"
    static let history = "md.history.trade.binance.perpetual.BTC-USDT"
    static let trade = HistoryIdentity(type: .trade, interval: nil)

    let server: EmbeddedNATSServer
    /// The hour before the test began, in which its rows happened.
    let range: Range<Int64>

    init() async throws {
        self.server = try PublishFixture.makeServer(jetStream: true)
        try await self.server.start()
        let now = PublishClock.wall() / 1_000
        self.range = now - 3_600_000..<now
    }

    /// - Parameter dedupe: So short that only what is read keeps rows from being stored twice.
    func makePublisher(
        dedupe: Duration = .milliseconds(100), boot: String = "b1",
        configure: (inout HistoryPublisherConfiguration) -> Void = { _ in }
    ) -> HistoryPublisher {
        var connection = NATSConnectionOptions(addresses: [self.server.url])
        connection.connectTimeout = .milliseconds(500)
        var configuration = HistoryPublisherConfiguration(
            connection: connection, subjects: Subjects(), instance: "test", boot: boot)
        configuration.stream.dedupeWindow = dedupe
        configuration.reconnectPause = .milliseconds(50)
        configure(&configuration)
        return HistoryPublisher(configuration)
    }

    func open(_ publisher: HistoryPublisher, begun: Int64? = nil) async throws -> HistoryPublication {
        try await publisher.open(
            Self.instrument, Self.trade, rangeMilliseconds: self.range, begunMicroseconds: begun)
    }

    /// Writes trades by their ids, a page of a thousand at a time.
    func write(_ ids: ClosedRange<UInt64>, to publication: HistoryPublication) async throws {
        var first = ids.lowerBound
        while first <= ids.upperBound {
            let last = min(first + 999, ids.upperBound)
            let (events, frame) = Self.trades(first...last, at: self.range.lowerBound)
            try await publication.write(
                events, frame: frame, scales: DecimalScales(price: 2, size: 3), receivedMicroseconds: 77)
            first = last + 1
        }
    }

    static func trades(_ ids: ClosedRange<UInt64>, at milliseconds: Int64) -> (events: [MarketEvent], frame: [UInt8]) {
        var frame: [UInt8] = []
        let events = ids.map { id -> MarketEvent in
            let text = Array("\(id)".utf8)
            defer { frame += text }
            return .trade(
                Trade(
                    instrument: InstrumentID(0), id: FrameText(offset: frame.count, count: text.count), sequence: id,
                    price: 6_173_763, size: 11, aggressor: .buy, isAggregate: true,
                    eventTime: Timestamp(milliseconds: milliseconds), sentTime: .none, receivedMicroseconds: 5))
        }
        return (events, frame)
    }

    /// Stores live trades as the publisher of live messages does.
    func storeLive(_ ids: [UInt64]) async throws {
        var configuration = PublisherConfiguration(
            connection: NATSConnectionOptions(addresses: [self.server.url]))
        configuration.streams = StreamSpecification.standard(Subjects())
        let publisher = NATSPublisher(configuration: configuration)
        let queue = publisher.makeQueue(limits: QueueLimits(bytes: 8 << 20, messages: 100_000))
        try publisher.start()
        for id in ids { #expect(PublishFixture.put(queue.log, .trade, Self.live, Int(id))) }
        #expect(await publisher.drain(deadline: .seconds(20)).left == 0)
    }

    func messages(_ stream: String = "HISTORY") throws -> [StoredMessage] {
        var messages: [StoredMessage] = []
        let reader = try StreamReader(connecting: NATSConnectionOptions(addresses: [self.server.url]))
        let outcome = try reader.read(.init(stream, from: .first, deadline: .now + .seconds(30))) { message in
            messages.append(StoredMessage(message))
            return true
        }
        return outcome == .streamMissing ? [] : messages
    }

    /// The trades that the stream of the past holds, in its order.
    func ids() throws -> [UInt64] {
        try self.messages().compactMap { $0.messageID?.split(separator: ":").last.flatMap { UInt64($0) } }
    }

    /// Waits until nothing more arrives in the stream of the past.
    func waitForQuiet() async throws {
        var last: UInt64?
        let reader = try StreamReader(connecting: NATSConnectionOptions(addresses: [self.server.url]))
        for _ in 0..<100 {
            let now = try reader.lastSequence(of: "HISTORY")
            if now == last { return }
            last = now
            try await Task.sleep(for: .milliseconds(150))
        }
    }
}
