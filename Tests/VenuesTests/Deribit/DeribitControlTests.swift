import MarketModel
import Testing

@testable import Venues

@Suite("Deribit's answers and signs of life")
struct DeribitControlTests {
    private static let channels = ["book.BTC-PERPETUAL.100ms", "quote.BTC-PERPETUAL", "book.ETH-PERPETUAL.100ms"]

    private static func machine() throws -> Subscriptions {
        let deribit = Deribit()
        let segment = try #require(deribit.segments.first)
        return Subscriptions(
            streams: Self.channels.map { DeribitRig.stream($0) },
            dialect: deribit.dialect(for: segment, limits: VenueLimits(deribit.limits)),
            acknowledgeTimeout: .seconds(10))
    }

    @Test("A connection asks for heartbeats first, then for its channels, and takes what the answer lists")
    func subscribe() throws {
        let rig = try DeribitRig(Self.channels)
        var machine = try Self.machine()
        #expect(
            machine.nextMessage(now: 0)
                == .send(#"{"jsonrpc":"2.0","id":1,"method":"public/set_heartbeat","params":{"interval":15}}"#))
        #expect(
            machine.nextMessage(now: 0)
                == .send(
                    #"{"jsonrpc":"2.0","id":2,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.100ms","quote.BTC-PERPETUAL","book.ETH-PERPETUAL.100ms"]}}"#
                ))
        for text in [
            #"{"jsonrpc":"2.0","id":1,"result":"ok","usIn":1,"usOut":2,"usDiff":1,"testnet":false}"#,
            #"{"jsonrpc":"2.0","id":2,"result":["book.ETH-PERPETUAL.100ms","book.BTC-PERPETUAL.100ms"],"usIn":1,"usOut":2,"usDiff":1,"testnet":false}"#,
        ] {
            guard case .acknowledged(let id, let places) = try rig.decode(text).control else {
                Issue.record("\(text)")
                continue
            }
            machine.acknowledged(id: id, streams: places)
        }
        // The answer leaves the quotes out.
        #expect(machine.isAcknowledged(0) && !machine.isAcknowledged(1) && machine.isAcknowledged(2))
        #expect(machine.refusedPlaces == [1] && machine.nextMessage(now: 0) == .done)
    }

    @Test("A stream that is asked for again is given up first, and requests keep their distance")
    func resubscribe() throws {
        var machine = try Self.machine()
        _ = machine.nextMessage(now: 0)
        _ = machine.nextMessage(now: 0)
        machine.acknowledged(id: 1)
        machine.acknowledged(id: 2)
        machine.resubscribe([1])
        // Four connections share 80% of ten requests in three seconds.
        #expect(machine.nextMessage(now: 1) == .wait(until: 1_500_000))
        #expect(
            machine.nextMessage(now: 1_500_000)
                == .send(
                    #"{"jsonrpc":"2.0","id":3,"method":"public/unsubscribe","params":{"channels":["quote.BTC-PERPETUAL"]}}"#
                ))
    }

    @Test("A test request is answered at once, a heartbeat is not")
    func heartbeats() throws {
        let rig = try DeribitRig(Self.channels)
        #expect(
            try rig.decode(#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#).control
                == .prompt)
        #expect(
            try rig.decode(#"{"params":{"type":"test_request"},"method":"heartbeat"}"#).control == .prompt)
        #expect(
            try rig.decode(#"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}"#).control == .alive)
        var machine = try Self.machine()
        #expect(machine.reply() == #"{"jsonrpc":"2.0","id":1,"method":"public/test","params":{}}"#)
    }

    @Test("An error refuses its request under its code")
    func errors() throws {
        let rig = try DeribitRig(Self.channels)
        #expect(
            try rig.decode(
                #"{"jsonrpc":"2.0","id":13,"error":{"message":"raw_subscriptions_not_available_for_unauthorized","data":{"code":1},"code":13778},"testnet":false}"#
            ).control == .refused(id: 13, stream: nil, code: 13_778))
        #expect(
            try rig.decode(#"{"error":{"code":-32601},"id":null}"#).control
                == .refused(id: nil, stream: nil, code: -32_601))
    }

    @Test("Changes of the list are told where they are of the section's instruments")
    func instruments() throws {
        let channels = ["instrument.state.any.any", "instrument.creation.any.any"]
        func control(_ section: String, _ name: String, _ channel: Int) throws -> VenueControl? {
            let rig = try DeribitRig(channels, section: section)
            let data = #"{"timestamp":1785000000000,"state":"open","instrument_name":"\#(name)"}"#
            return try rig.decode(DeribitRig.notification(channels[channel], data)).control
        }
        for channel in channels.indices {
            #expect(try control("perpetual", "SOL_USDC-PERPETUAL", channel) == .instrumentsChanged)
            #expect(try control("perpetual", "BTC-25DEC26-100000-C", channel) == nil)
            #expect(try control("perpetual", "BTC-25DEC26", channel) == nil)
            #expect(try control("option", "BTC-25DEC26-100000-C", channel) == .instrumentsChanged)
            #expect(try control("option", "XRP_USDC-30JUN26-0d625-P", channel) == .instrumentsChanged)
            #expect(try control("option", "BTC-PERPETUAL", channel) == nil)
        }
    }

    @Test("Maintenance ends a connection; a lock changes the state of instruments")
    func platform() throws {
        let rig = try DeribitRig(["platform_state"])
        func control(_ data: String) throws -> VenueControl? {
            try rig.decode(DeribitRig.notification("platform_state", data)).control
        }
        #expect(try control(#"{"maintenance":true}"#) == .shutdown)
        #expect(try control(#"{"maintenance":false}"#) == .instrumentsChanged)
        #expect(try control(#"{"price_index":"btc_usd","locked":true}"#) == .instrumentsChanged)
    }

    @Test("Only channels that are collected are taken up, each once, and one that is given up is unknown")
    func streams() throws {
        let rig = try DeribitRig(Self.channels)
        let id = InstrumentID(5)
        for name in [
            "book.BTC-PERPETUAL.none.10.100ms", "trades.future.BTC.100ms", "book.BTC-PERPETUAL.50ms", "quote.",
            "incremental_ticker.BTC-PERPETUAL", "chart.trades.BTC-PERPETUAL.7", Self.channels[0],
        ] {
            let symbol = name.split(separator: ".").dropFirst().first.map(String.init)
            let stream = VenueStream(name, symbol: symbol, types: [.orderbook], route: VenueRoute("", paths: []))
            #expect(rig.add(stream, of: id) == nil, "\(name)")
        }
        // The symbol is another than the name's, or an instrument is missing or too much.
        let other = VenueStream("quote.A", symbol: "B", types: [.bbo], route: VenueRoute("", paths: []))
        #expect(rig.add(other, of: id) == nil)
        #expect(rig.add(DeribitRig.stream("quote.A"), of: nil) == nil)
        #expect(rig.add(DeribitRig.stream("platform_state"), of: id) == nil)
        #expect(rig.add(DeribitRig.stream("quote.A"), of: id) == 3)
        rig.remove(3)
        #expect(throws: FrameRefusal.self) { try rig.decode(DeribitRig.notification("quote.A", "{}")) }
        #expect(rig.add(DeribitRig.stream("quote.A"), of: id) == 4)
    }
}
