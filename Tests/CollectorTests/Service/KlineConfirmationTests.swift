import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Testing
import Venues

@testable import Collector

@Suite("Bars after a reconnect", .serialized, .timeLimit(.minutes(3)))
struct KlineConfirmationTests {
    /// What a `kline` message says of itself.
    private struct Bar: Decodable {
        let open_us: Int64
        let open: String
        let high: String
        let low: String
        let close: String
        let closed: Bool
        let confirmed: Bool
        let backfilled: Bool
    }

    @Test(
        "Bars that may have closed while the socket was away are asked for, and come confirmed, closed and backfilled")
    func confirmed() async throws {
        var simulator = SimulatorConfiguration()
        simulator.pace.barLength = .seconds(1)
        let fixture = try await ServiceFixture(simulator: simulator) { configuration in
            configuration.venues[BinanceSegment.usdm.id] = nil
            configuration.venues[BinanceSegment.coinm.id] = nil
            configuration.venues[BinanceSegment.spot.id]?.symbols = ["BTCUSDT"]
            configuration.venues[BinanceSegment.spot.id]?.types = [.trade, .kline]
            configuration.venues[BinanceSegment.spot.id]?.klineIntervals = [.second1]
        }
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [fixture.server.url]), subjects: ["md.kline.>"])
        defer { subscriber.close() }
        var growing = 0
        var confirmed: Bar?
        var isCut = false
        // The messages end with the subscriber: a watchdog closes it when nothing comes.
        let watchdog = Task {
            do { try await Task.sleep(for: .seconds(60)) } catch { return }
            subscriber.close()
        }
        for await message in subscriber.messages {
            let bar = try JSONDecoder().decode(Bar.self, from: Data(message.payload))
            #expect(bar.confirmed || !bar.backfilled, "what a stream tells was not asked for")
            // The answer begins with the bar before the one that was open.
            if bar.confirmed, bar.backfilled {
                confirmed = bar
                break
            }
            guard !bar.confirmed else { continue }
            growing += 1
            if growing >= 3, !isCut {
                isCut = true
                #expect(await fixture.exchange.inject(.reset, segment: .spot) == 1)
            }
        }
        watchdog.cancel()
        let bar = try #require(confirmed, "\(growing) bars, none of them confirmed and backfilled")
        #expect(isCut && bar.closed, "nothing is confirmed before a reconnect")
        try await fixture.stopService()
        await fixture.tearDown()
    }
}
