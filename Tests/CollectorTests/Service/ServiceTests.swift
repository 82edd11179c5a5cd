import Collector
import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Synchronization
import Testing
import Transport
import Venues

@Suite("The service on loopback", .serialized)
struct ServiceTests {
    @Test("Books of three markets become live, and what a subscriber holds equals the exchange's own books")
    func liveBooks() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration())
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [fixture.server.url]),
            subjects: ["md.>"])  // one subscription: only within one is the order of subjects kept
        let isLive = await fixture.wait { summary in
            summary.books.count == 6 && summary.books.allSatisfy { $0.state == "live" }
        }
        #expect(isLive)
        let isFlowing = await fixture.wait { $0.nats.confirmedPerSecond > 20 }
        #expect(isFlowing)

        try await Task.sleep(for: .seconds(4))
        await fixture.exchange.pause()
        // Everything sent before the pause is in the books once no queue holds anything any more.
        try await Task.sleep(for: .seconds(3))
        try await fixture.stopService()
        subscriber.close()

        var follower = BookFollower()
        for await message in subscriber.messages { try follower.take(message.payload) }
        #expect(follower.problems.isEmpty, "\(follower.problems.prefix(5))")
        #expect(follower.last.count == 6 && follower.comparedViews > 10 && follower.appliedDeltas > 100)
        #expect(follower.duplicateTrades == 0 && follower.missingTrades == 0 && follower.trades > 20)
        for (segment, symbol) in [
            (MarketSegment.spot, "BTCUSDT"), (.spot, "ETHUSDT"), (.usdm, "BTCUSDT"), (.usdm, "ETHUSDT"),
            (.coinm, "BTCUSD_PERP"), (.coinm, "ETHUSD_PERP"),
        ] {
            let truth = try #require(await fixture.exchange.book(of: symbol, in: segment, limit: 100))
            let held = try #require(follower.last[BookFollower.key(segment, symbol)])
            #expect(held.venueSequence == String(truth.lastID), "\(segment) \(symbol)")
            let known = try #require(SimulatedSymbol.standard(segment).first { $0.symbol == symbol })
            #expect(held.bids == Self.text(truth.bids, known), "\(segment) \(symbol)")
            #expect(held.asks == Self.text(truth.asks, known), "\(segment) \(symbol)")
        }
        await fixture.tearDown()
    }

    @Test("Faults of the exchange end with live books; no trade comes twice", arguments: [Fault.reset, .drop, .junk])
    func faults(_ fault: Fault) async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.transport.backoffBase = .milliseconds(100)
            configuration.transport.backoffCap = .milliseconds(500)
        }
        let isLive = await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } }
        #expect(isLive)
        for segment in MarketSegment.binance {
            _ = await fixture.exchange.inject(fault, segment: segment, count: 3)
        }
        try await Task.sleep(for: .seconds(2))
        let isLiveAgain = await fixture.wait { summary in
            summary.books.allSatisfy { $0.state == "live" } && summary.connections.allSatisfy(\.isHealthy)
        }
        #expect(isLiveAgain)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("Connections past the venue's budget wait for it, also those that a reset has ended")
    func connectBudget() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.transport.backoffBase = .milliseconds(50)
            configuration.transport.backoffCap = .milliseconds(100)
            configuration.limits[Binance.id]["connects_per_5_minutes"] = 10
            configuration.limits[Binance.id].usePercent = 100
            for segment in BinanceSegment.allCases {
                configuration.venues[segment.id]?.streamsPerConnection = 1
            }
        }
        func states(_ summary: LiveSummary) -> [String: Int] {
            Dictionary(grouping: summary.connections, by: \.state).mapValues(\.count)
        }
        #expect(await fixture.wait { states($0) == ["live": 10, "waiting_for_permit": 8] })
        #expect(await fixture.exchange.state()?.counters.connectionsOpened == 10)
        for segment in MarketSegment.binance {
            _ = await fixture.exchange.inject(.reset, segment: segment, count: 1)
        }
        #expect(await fixture.wait { (states($0)["waiting_for_permit"] ?? 0) > 8 })
        #expect(await fixture.exchange.state()?.counters.connectionsOpened == 10)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("Books that wait for one scope's budget do not hold up those of another")
    func budgetsAreApart() async throws {
        var simulator = SimulatorConfiguration()
        let many = SimulatedSymbol.many(40, .usdm)
        simulator.symbols[.usdm] = many
        let fixture = try await ServiceFixture(simulator: simulator) { configuration in
            configuration.venues[BinanceSegment.usdm.id]?.symbols = many.map(\.symbol)
            configuration.venues[BinanceSegment.coinm.id] = nil
            configuration.limits[Binance.id]["futures_weight_per_minute"] = 100
        }
        func live(_ summary: LiveSummary, _ segment: String) -> [LiveSummary.Book] {
            summary.books.filter { $0.segment == segment && $0.state == "live" }
        }
        var resyncs = 0
        let isStarted = await fixture.wait { summary in
            resyncs = live(summary, "binance spot").map(\.resyncs).reduce(0, +)
            return live(summary, "binance spot").count == 2 && !live(summary, "binance usdm").isEmpty
        }
        #expect(isStarted)
        let stream = "btcusdt@depth@100ms"
        await fixture.exchange.inject(.drop, segment: .spot, stream: stream)
        let isMended = await fixture.wait(atMost: .seconds(20)) { summary in
            live(summary, "binance spot").count == 2
                && live(summary, "binance spot").map(\.resyncs).reduce(0, +) > resyncs
        }
        #expect(isMended)
        let hasLate = await fixture.wait { $0.books.contains { $0.segment == "binance usdm" && $0.state == "waiting" } }
        #expect(hasLate, "the futures' budget lasted for all")
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A segment whose instruments cannot be loaded holds up no other")
    func unreachableSegment() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { _ in
        } reroute: { configuration in
            // Spot is the first to be loaded; nobody listens on port 1.
            configuration.venues[BinanceSegment.spot.id]?.rest = Endpoint(
                scheme: .http, address: HostPort(host: "127.0.0.1", port: 1))
        }
        let areLive = await fixture.wait(atMost: .seconds(20)) { summary in
            summary.books.count == 4 && summary.books.allSatisfy { $0.state == "live" && $0.segment != "spot" }
        }
        #expect(areLive)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A symbol that the venue comes to list later is collected beside the others")
    func listedLater() async throws {
        // Stands for the exchange's REST of spot, since that lists everything from the start.
        let list = Mutex<[String]>([])
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "list"))
        try loop.start()
        let venue = HTTPServer(loop: loop, configuration: HTTPServerConfiguration()) { _ in
            let answer = list.withLock { $0.count > 1 ? $0.removeFirst() : $0.first }
            return answer.map { HTTPResponse(text: $0) } ?? HTTPResponse(status: 503, text: "")
        }
        let port = UInt16(clamping: try await venue.start())
        var exchange: Endpoint?
        let fixture = try await ServiceFixture(
            simulator: SimulatorConfiguration(), relistPause: .seconds(2)
        ) { configuration in
            configuration.venues[BinanceSegment.usdm.id] = nil
            configuration.venues[BinanceSegment.coinm.id] = nil
            configuration.venues[BinanceSegment.spot.id]?.types = [.trade, .bbo]
            configuration.http.enabled = true
            configuration.http.listen = HostPort(host: "127.0.0.1", port: 0)
        } reroute: { configuration in
            exchange = configuration.venues[BinanceSegment.spot.id]?.rest
            configuration.venues[BinanceSegment.spot.id]?.rest = Endpoint(
                scheme: .http, address: HostPort(host: "127.0.0.1", port: port))
        }
        let address = try #require(exchange?.address)
        let answer = try await PageClient.get("http://\(address)/api/v3/exchangeInfo", timeout: .seconds(5))
        let whole = String(decoding: answer.body, as: UTF8.self)
        let without = whole.replacingOccurrences(of: "\"ETHUSDT\"", with: "\"OTHERUSDT\"")
        #expect(without != whole)
        list.withLock { $0 = [without, whole] }
        func healthy(_ summary: LiveSummary) -> [String] {
            summary.connections.filter(\.isHealthy).map(\.name).sorted()
        }
        #expect(await fixture.wait(atMost: .seconds(20)) { healthy($0) == ["binance-spot-0"] })
        // It joins on the socket that is open: two more streams, no new connection.
        let status = try await fixture.page("/status", atMost: .seconds(20)) { answer in
            String(decoding: answer.body, as: UTF8.self).contains("\"streams_with_data\":4")
        }
        #expect(status != nil)
        #expect(await fixture.exchange.state()?.counters.connectionsOpened == 1)
        try await fixture.stopService()
        await fixture.tearDown()
        await venue.stop()
        loop.stop()
    }

    @Test("A venue that answers no close holds a graceful stop up for seconds only, all loops together")
    func silentClose() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.transport.loops = 3
            configuration.transport.closeTimeout = .seconds(40)
        }
        #expect(await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } })
        for segment in MarketSegment.binance {
            _ = await fixture.exchange.inject(.halfOpen, segment: segment, count: 4)
        }
        try await Task.sleep(for: .seconds(1))
        let start = ContinuousClock.now
        try await fixture.stopService()
        let took = start.duration(to: .now)
        #expect(took > .seconds(3) && took < .seconds(8), "\(took)")
        await fixture.tearDown()
    }

    @Test("Only the types that were asked for are published")
    func types() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.venues[BinanceSegment.spot.id]?.types = [.bbo]
            configuration.venues[BinanceSegment.usdm.id]?.types = [.trade, .instrument]
            configuration.venues[BinanceSegment.coinm.id] = nil
        }
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [fixture.server.url]), subjects: ["md.>"])
        #expect(await fixture.wait { $0.connections.count == 2 && $0.connections.allSatisfy(\.isHealthy) })
        #expect(await fixture.wait { $0.nats.confirmedPerSecond > 5 })
        try await fixture.stopService()
        subscriber.close()
        var found: Set<String> = []
        for await message in subscriber.messages {
            found.insert(message.subject.split(separator: ".").dropFirst().prefix(3).joined(separator: "."))
        }
        let data = found.filter { !$0.hasPrefix("status.") && !$0.hasPrefix("heartbeat.") }
        #expect(
            data == ["bbo.binance.spot", "trade.binance.perpetual", "instrument.binance.perpetual"], "\(data)")
        await fixture.tearDown()
    }

    @Test("Where the first path delivers nothing, the other one is taken")
    func otherPath() async throws {
        var simulator = SimulatorConfiguration()
        simulator.splitsCoinm = true
        let fixture = try await ServiceFixture(simulator: simulator) { configuration in
            configuration.transport.firstDataTimeout = .seconds(1)
            configuration.transport.backoffBase = .milliseconds(100)
            configuration.transport.backoffCap = .milliseconds(200)
        }
        let isLive = await fixture.wait { summary in
            summary.books.count == 6 && summary.books.allSatisfy { $0.state == "live" }
                && summary.connections.allSatisfy(\.isHealthy)
        }
        #expect(isLive)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    /// The exchange's levels as messages write them.
    private static func text(_ levels: [BookLevel], _ symbol: SimulatedSymbol) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: levels.map { level in
                (
                    FixedPoint.text(level.price, scale: UInt8(symbol.priceDecimals)),
                    FixedPoint.text(level.size, scale: UInt8(symbol.sizeDecimals))
                )
            })
    }
}
