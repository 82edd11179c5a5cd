import Collector
import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Synchronization
import Venues

/// One run of the service over everything that the catalog offers, and all that a subscriber got of it.
final class MatrixRun: Sendable {
    /// A message as it came, and what it is a message of; nil for what belongs to no cell.
    struct Received: Sendable {
        let payload: [UInt8]
        let type: String
        let cell: MatrixCell?
        let message: ExactJSON
    }

    let fixture: ServiceFixture
    /// The venue's names of what is collected.
    let symbols: [SegmentID: [String]]
    private let subscriber: NATSSubscriber
    private let reading: Task<Void, Never>
    private let inbox: Inbox

    private final class Inbox: Sendable {
        let messages = Mutex<[Received]>([])
    }

    init() async throws {
        var simulator = SimulatorConfiguration(segments: MarketSegment.allCases)
        simulator.bookLevels = 300
        simulator.stepsPerSecond = 15
        simulator.sentKept = 20_000
        simulator.pace.liquidation = .milliseconds(500)
        simulator.pace.liquidationTrades = 2
        simulator.pace.funding = .seconds(1)
        simulator.pace.barLength = .seconds(1)
        let now = Int64(Date().timeIntervalSince1970)
        // Those that end within a month, as the configuration says below.
        let options = (simulator.symbols[.deribitOption] ?? []).filter { symbol in
            guard let option = symbol.option else { return false }
            return symbol.base == "BTC" && option.expiresAt / 1_000 - now < 30 * 86_400
        }
        self.symbols = [
            SegmentID(Binance.id, "spot"): ["BTCUSDT", "ETHUSDT"],
            SegmentID(Binance.id, "usdm"): ["BTCUSDT", "ETHUSDT"],
            SegmentID(Binance.id, "coinm"): ["BTCUSD_PERP", "ETHUSD_PERP"],
            SegmentID(OKX.id, "spot"): ["BTC-USDT", "ETH-USDT"],
            SegmentID(OKX.id, "swap"): ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-SWAP"],
            SegmentID(Deribit.id, "perpetual"): ["BTC-PERPETUAL", "ETH-PERPETUAL"],
            SegmentID(Deribit.id, "option"): options.map(\.symbol),
            SegmentID(Deribit.id, "index"): ["btc_usd", "eth_usd"],
        ]
        self.fixture = try await ServiceFixture(simulator: simulator, text: Self.text(self.symbols))
        self.subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [self.fixture.server.url]), subjects: ["md.>"])
        let inbox = Inbox()
        self.inbox = inbox
        let messages = self.subscriber.messages
        self.reading = Task {
            for await message in messages {
                guard let received = Self.received(message.payload) else { continue }
                inbox.messages.withLock { $0.append(received) }
            }
        }
    }

    var received: [Received] { self.inbox.messages.withLock { $0 } }
    var dropped: UInt64 { self.subscriber.dropped }

    /// Waits until a condition holds of what was received; false at the deadline.
    func wait(atMost limit: Duration, until condition: ([Received]) -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if condition(self.received) { return true }
            try await Task.sleep(for: .milliseconds(500))
        }
        return condition(self.received)
    }

    /// Ends the service and the subscription; the exchange goes on answering questions about what it sent.
    func stop() async throws {
        try await self.fixture.stopService()
        self.subscriber.close()
        await self.reading.value
    }

    // MARK: - Private

    /// Everything that each section offers.
    private static func text(_ symbols: [SegmentID: [String]]) -> String {
        var text = "instance: matrix\nhttp: {enabled: false}\nheartbeat: {interval: 1s}\nvenues:\n"
        for venue in VenueCatalog.all {
            text += "  \(venue.id):\n"
            for segment in venue.segments {
                let types = segment.offeredTypes.map(\.rawValue).joined(separator: ", ")
                let isByRule = segment.id.name == "option"
                let names = (symbols[segment.id] ?? []).joined(separator: ", ")
                text += "    \(segment.id.name):\n"
                text += "      symbols: [\(isByRule ? "{base: BTC, expiry_within: 30d}" : names)]\n"
                text += "      types: [\(types)]\n"
                if segment.offer(of: .openInterest) == .poll { text += "      open_interest_every: 1s\n" }
                if !segment.ratioPeriods.isEmpty { text += "      ratios_every: 2s\n" }
                if segment.offer(of: .fundingRate) == .streamAndPoll { text += "      funding_every: 1s\n" }
                if segment.offer(of: .volatilityIndex).isPolled { text += "      volatility_every: 1s\n" }
            }
        }
        return text
    }

    private static func received(_ payload: [UInt8]) -> Received? {
        guard let message = ExactJSON(payload), let type = message["type"]?.plain else { return nil }
        return Received(payload: payload, type: type, cell: Self.cell(message, type), message: message)
    }

    /// Where a message belongs, by its own fields.
    private static func cell(_ message: ExactJSON, _ type: String) -> MatrixCell? {
        let name = type == "orderbook_delta" ? "orderbook" : type
        guard let type = DataType(rawValue: name), let venue = message["venue"]?.plain,
            let market = message["market"]?.plain, let symbol = message["venue_symbol"]?.plain
        else { return nil }
        let section: String? =
            switch (venue, market) {
            case (_, "spot"): "spot"
            case ("binance", "perpetual"): symbol.hasSuffix("_PERP") ? "coinm" : "usdm"
            case ("okx", "perpetual"): "swap"
            case ("deribit", "perpetual"): "perpetual"
            case ("deribit", "option"): type == .volatilityIndex ? "index" : "option"
            default: nil
            }
        return section.map { MatrixCell(section: SegmentID(VenueID(venue), $0), type: type) }
    }
}
