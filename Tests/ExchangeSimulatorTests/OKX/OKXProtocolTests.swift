import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("OKX over real sockets", .serialized)
struct OKXProtocolTests {
    private static let both: [MarketSegment] = [.okxSpot, .okxSwap]

    @Test("Both segments share a port, and each channel is acknowledged by itself")
    func acknowledgements() async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            #expect(ports[.okxSpot] == ports[.okxSwap])
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            try client.subscribe("trades:BTC-USDT", "trades:BTC-USDT-SWAP", id: "x7")
            var events: [JSONValue] = []
            while events.count < 2 {
                let message = try client.next()
                if message["event"].text != nil { events.append(message) }
            }
            #expect(events.map { $0["event"].text } == ["subscribe", "subscribe"])
            #expect(events.map { $0["id"].text } == ["x7", "x7"])
            #expect(events.map { $0["arg"]["instId"].text } == ["BTC-USDT", "BTC-USDT-SWAP"])
            #expect(events[0]["connId"].text?.isEmpty == false)
        }
    }

    @Test(
        "What does not exist, or not on this connection, is refused with its code",
        arguments: [
            ("/ws/v5/public", "books:NO-SUCH", "60018"), ("/ws/v5/public", "candle1m:BTC-USDT", "60018"),
            ("/ws/v5/public", "trades-all:BTC-USDT", "60018"), ("/ws/v5/business", "books:BTC-USDT", "60018"),
            ("/ws/v5/public", "funding-rate:BTC-USDT", "60018"), ("/ws/v5/public", "liquidation-orders:SPOT", "60018"),
        ])
    func refusals(path: String, name: String, code: String) async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            let client = try OKXClient(path, port: #require(ports[.okxSpot]))
            try client.subscribe(name, id: "r1")
            let answer = try client.next()
            #expect(answer["event"].text == "error" && answer["code"].text == code)
            #expect(answer["id"].text == "r1" && answer["msg"].text?.hasPrefix("Wrong URL or channel:") == true)
        }
    }

    @Test("What is no request is refused, and so is one past 64 KB; the connection goes on")
    func invalid() async throws {
        try await ExchangeFixture.run([.okxSpot]) { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            let long = (0..<2_000).map { #"{"channel":"books","instId":"SIM\#($0)-USDT"}"# }.joined(separator: ",")
            for text in ["hello", #"{"op":"nonsense","args":[]}"#, #"{"op":"subscribe","args":[\#(long)]}"#] {
                try client.socket.send(text: text)
                let answer = try client.next()
                #expect(answer["event"].text == "error" && answer["code"].text == "60012")
            }
            try client.socket.send(text: "ping")
            #expect(try client.socket.message() == "pong")
        }
    }

    @Test("Who neither subscribes nor pings is cut off; pings keep a connection")
    func idle() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.limits.okxIdle = .milliseconds(400)
        } _: { exchange, ports in
            let port = try #require(ports[.okxSpot])
            let polite = try OKXClient(port: port)
            let silent = try OKXClient(port: port)
            for _ in 0..<8 {
                usleep(100_000)
                try polite.socket.send(text: "ping")
                #expect(try polite.socket.message() == "pong")
            }
            #expect(throws: BlockingSocket.Closed.self) { try silent.socket.message() }
            #expect(await exchange.state()?.counters.idleEnded == 1)
        }
    }

    @Test("Operations past those of an hour are refused, connects past those of a second too")
    func budgets() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.limits.okxOperationsPerHour = 2
            $0.limits.okxConnectsPerSecond = 2
        } _: { exchange, ports in
            let port = try #require(ports[.okxSpot])
            let client = try OKXClient(port: port)
            for _ in 0..<3 { try client.subscribe("tickers:NO-SUCH") }
            #expect(try (0..<3).map { _ in try client.next()["code"].text } == ["60018", "60018", "60014"])
            let second = try OKXClient(port: port)
            #expect(throws: BlockingSocket.Closed.self) { try OKXClient(port: port) }
            try second.socket.send(text: "ping")
            #expect(try second.socket.message() == "pong")
        }
    }

    @Test("A snapshot and its updates are the true book, 400 levels a side", arguments: ["BTC-USDT", "BTC-USD-SWAP"])
    func books(name: String) async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            let segment = OKXTopics.segment(of: name)
            let client = try OKXClient(port: #require(ports[segment]))
            try client.subscribe("books:\(name)")
            let first = try client.next(of: "books")
            #expect(first["action"].text == "snapshot" && first["data"][0]["prevSeqId"].integer == -1)
            #expect(first["data"][0]["asks"].list.count == 400 && first["data"][0]["checksum"].integer == 0)
            #expect(first["data"][0]["asks"][0].list.count == 4 && first["data"][0]["asks"][0][2].text == "0")
            // Another client's coming does not break the chain.
            let other = try OKXClient(port: #require(ports[segment]))
            try other.subscribe("books:\(name)")
            for _ in 0..<40 { _ = try client.next(of: "books") }
            _ = try other.next(of: "books")
            await exchange.pause()
            let symbol = try #require(SimulatedSymbol.standard(segment).first { $0.symbol == name })
            let truth = try #require(await exchange.book(of: name, in: segment, limit: 400))
            for client in [client, other] {
                while client.book.top(symbol) != (truth.bids, truth.asks) { _ = try client.next(of: "books") }
                #expect(client.book.gaps == 0)
            }
            #expect(client.book.messages > 40)
        }
    }

    @Test("A frame lost breaks the chain; ids that start over do not")
    func chain() async throws {
        try await ExchangeFixture.run([.okxSwap]) { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSwap]))
            try client.subscribe("books:BTC-USDT-SWAP")
            _ = try client.next(of: "books")
            #expect(await exchange.inject(.sequenceReset, segment: .okxSwap) == 3)
            while client.book.resets == 0 { _ = try client.next(of: "books") }
            for _ in 0..<5 { _ = try client.next(of: "books") }
            #expect(client.book.gaps == 0 && client.book.resets == 1)
            await exchange.inject(.drop, segment: .okxSwap, stream: "books:BTC-USDT-SWAP")
            while client.book.gaps == 0 { _ = try client.next(of: "books") }
        }
    }

    @Test("A book that rests says so, with the same id twice")
    func keepAlive() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.stepsPerSecond = 0
            $0.pace.bookKeepAlive = .milliseconds(100)
        } _: { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            try client.subscribe("books:ETH-USDT")
            let id = try client.next(of: "books")["data"][0]["seqId"].integer
            let resting = try client.next(of: "books")
            #expect(resting["action"].text == "update" && resting["data"][0]["asks"].list.isEmpty)
            #expect(resting["data"][0]["seqId"].integer == id && resting["data"][0]["prevSeqId"].integer == id)
        }
    }

    @Test("A service upgrade is announced, then the connection ends")
    func notice() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.faults.noticeLead = .milliseconds(100)
        } _: { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            try client.socket.send(text: "ping")
            #expect(try client.socket.message() == "pong")
            #expect(await exchange.inject(.notice) == 1)
            let notice = try client.next()
            #expect(notice["event"].text == "notice" && notice["code"].text == "64008")
            #expect(throws: BlockingSocket.Closed.self) { try client.next() }
        }
    }
}
