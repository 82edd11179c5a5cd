import Foundation
import Testing

@testable import ExchangeSimulator

/// The smallest collector there can be, for one book: buffers, asks for a snapshot, resyncs, reconnects.
final class ReferenceClient {
    private let endpoint: SimulatorEndpoint
    private let symbol: SimulatedSymbol
    private var socket: BlockingSocket?
    private(set) var book = ReferenceBook()
    private(set) var frames = 0
    private(set) var undecodable = 0
    private(set) var reconnects = 0
    private(set) var snapshots = 0

    init(endpoint: SimulatorEndpoint, symbol: SimulatedSymbol) {
        self.endpoint = endpoint
        self.symbol = symbol
    }

    var stream: String { "\(self.symbol.symbol.lowercased())@depth@100ms" }

    /// Follows the stream until `isDone`; throws past the deadline.
    func follow(seconds: Double = 20, until isDone: (ReferenceClient) -> Bool) throws {
        let deadline = Date().addingTimeInterval(seconds)
        while !isDone(self) {
            guard Date() < deadline else { throw BlockingSocket.Closed() }
            do {
                try self.step()
            } catch {
                self.socket = nil
                self.book.lost()
                self.reconnects += 1
                usleep(20_000)
            }
        }
    }

    private func step() throws {
        let socket = try self.connected()
        let bytes = try socket.messageBytes()
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
            self.undecodable += 1
            return
        }
        guard let data = object["data"] as? [String: Any], object["stream"] as? String == self.stream else {
            if object["result"] == nil { self.undecodable += 1 }
            return
        }
        self.frames += 1
        if !self.book.update(data) { try self.seed() }
    }

    private func connected() throws -> BlockingSocket {
        if let socket = self.socket { return socket }
        let path = self.endpoint.segment == .usdm ? "/public/stream" : "/stream"
        let socket = try BlockingSocket.webSocket(path, port: self.endpoint.port)
        try socket.send(text: #"{"method":"SUBSCRIBE","params":["\#(self.stream)"],"id":1}"#)
        self.socket = socket
        return socket
    }

    private func seed() throws {
        let prefix =
            [MarketSegment.spot: "/api/v3", .usdm: "/fapi/v1", .coinm: "/dapi/v1"][self.endpoint.segment] ?? ""
        let name = self.symbol.symbol.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try BlockingSocket.request(
            "GET", "\(prefix)/depth?symbol=\(name)&limit=1000", port: self.endpoint.port)
        self.snapshots += 1
        if answer.status == 200 { self.book.snapshot(answer.body) }
    }
}
