import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("Deribit over real sockets", .serialized)
struct DeribitProtocolTests {
    private static let both: [MarketSegment] = [.deribitPerpetual, .deribitOption]

    @Test("A subscription's answer lists what exists, not in the order asked for, and nothing else is served")
    func subscriptions() async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            #expect(ports[.deribitPerpetual] == ports[.deribitOption])
            let client = try DeribitClient(port: #require(ports[.deribitOption]))
            let answer = try client.subscribe(
                "book.BTC-PERPETUAL.100ms", "nonsense.channel", "trades.ETH-PERPETUAL.100ms", "book.NOPE.100ms")
            #expect(
                answer["result"].list.map(\.text) == ["trades.ETH-PERPETUAL.100ms", "book.BTC-PERPETUAL.100ms"])
            #expect(answer["usDiff"].integer != nil && answer["testnet"].flag == false)
            #expect(try client.next(of: "book.BTC-PERPETUAL.100ms")["type"].text == "snapshot")
            let ended = try client.call("public/unsubscribe", #"{"channels":["book.BTC-PERPETUAL.100ms"]}"#)
            #expect(ended["result"].list.map(\.text) == ["book.BTC-PERPETUAL.100ms"])
            #expect(try client.call("public/unsubscribe_all")["result"].text == "ok")
            #expect(try client.call("public/test")["result"]["version"].text != nil)
        }
    }

    @Test("What cannot be done is an error with the venue's code")
    func errors() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let client = try DeribitClient(port: #require(ports[.deribitPerpetual]))
            #expect(try client.subscribe("book.BTC-PERPETUAL.raw")["error"]["code"].integer == 13778)
            #expect(try client.call("public/nonsense")["error"]["code"].integer == -32601)
            #expect(try client.call("public/set_heartbeat", #"{"interval":5}"#)["error"]["code"].integer == -32602)
            let many = (0...500).map { "\"book.SIM\($0).100ms\"" }.joined(separator: ",")
            let answer = try client.call("public/subscribe", #"{"channels":[\#(many)]}"#)
            #expect(answer["error"]["code"].integer == -32602)
            try client.socket.send(text: "hello")
            #expect(try client.next()["error"]["code"].integer == -32700)
            let unknown = try client.call("public/get_order_book", #"{"instrument_name":"NOPE"}"#)
            #expect(unknown["error"]["code"].integer == 13020)
        }
    }

    @Test("Ten subscriptions go in a burst; more end the connection")
    func credits() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let client = try DeribitClient(port: #require(ports[.deribitPerpetual]))
            for _ in 0..<10 { #expect(try client.subscribe("nothing")["result"].list.isEmpty) }
            var codes: [Int] = []
            #expect(throws: BlockingSocket.Closed.self) {
                for _ in 0..<5 {
                    if let code = try client.subscribe("nothing")["error"]["code"].integer { codes.append(code) }
                }
            }
            #expect(codes == [10028])
            #expect(await exchange.state()?.counters.tooManyMessages == 1)
        }
    }

    @Test("Heartbeats ask for an answer, and who gives none is cut off")
    func heartbeat() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) {
            $0.limits.deribitSecond = .milliseconds(10)
        } _: { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let polite = try DeribitClient(port: port)
            #expect(try polite.call("public/set_heartbeat", #"{"interval":10}"#)["result"].text == "ok")
            for _ in 0..<3 {
                while polite.heartbeats.last != "test_request" { _ = try polite.next() }
                #expect(try polite.call("public/test")["result"]["version"].text != nil)
                _ = try polite.next()
            }
            #expect(polite.heartbeats.contains("heartbeat"))
            let silent = try DeribitClient(port: port)
            _ = try silent.call("public/set_heartbeat", #"{"interval":10}"#)
            #expect(throws: BlockingSocket.Closed.self) { while true { _ = try silent.next() } }
            #expect(silent.heartbeats == ["heartbeat", "test_request"])
        }
    }

    @Test("A snapshot and its changes are the true book, every level of it", arguments: ["BTC-PERPETUAL", "option"])
    func books(name: String) async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            let segment: MarketSegment = name == "option" ? .deribitOption : .deribitPerpetual
            let symbol = SimulatedSymbol.standard(segment)[0]
            let client = try DeribitClient(port: #require(ports[segment]))
            let channel = "book.\(symbol.symbol).100ms"
            _ = try client.subscribe(channel)
            #expect(try client.next(of: channel)["type"].text == "snapshot")
            let other = try DeribitClient(port: #require(ports[segment]))
            _ = try other.subscribe(channel)
            for _ in 0..<40 { _ = try client.next(of: channel) }
            await exchange.pause()
            let truth = try #require(await exchange.book(of: symbol.symbol, in: segment, limit: 10_000))
            for client in [client, other] {
                while client.book.top(symbol) != (truth.bids, truth.asks) { _ = try client.next(of: channel) }
                #expect(client.book.gaps == 0 && client.strange == 0)
            }
            #expect(truth.asks.allSatisfy { $0.price % symbol.priceStep == 0 && $0.size % symbol.sizeStep == 0 })
        }
    }

    @Test("A frame lost breaks the chain")
    func chain() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let client = try DeribitClient(port: #require(ports[.deribitPerpetual]))
            _ = try client.subscribe("book.ETH-PERPETUAL.100ms")
            for _ in 0..<5 { _ = try client.next(of: "book.ETH-PERPETUAL.100ms") }
            #expect(client.book.gaps == 0)
            await exchange.inject(.drop, segment: .deribitPerpetual, stream: "book.ETH-PERPETUAL.100ms")
            while client.book.gaps == 0 { _ = try client.next(of: "book.ETH-PERPETUAL.100ms") }
        }
    }

    @Test("Connections past the limit are refused")
    func connections() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) {
            $0.limits.deribitConnections = 1
        } _: { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let first = try DeribitClient(port: port)
            #expect(throws: BlockingSocket.Closed.self) { try DeribitClient(port: port) }
            #expect(try first.call("public/test")["result"]["version"].text != nil)
        }
    }
}
