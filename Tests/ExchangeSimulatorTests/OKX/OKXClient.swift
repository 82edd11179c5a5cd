import Foundation

@testable import ExchangeSimulator

/// A client of OKX's protocol on a plain socket.
final class OKXClient {
    let socket: BlockingSocket
    private(set) var book = LinkedReferenceBook()

    init(_ path: String = "/ws/v5/public", port: Int) throws {
        self.socket = try BlockingSocket.webSocket(path, port: port)
    }

    /// Subscribes `channel:instId` names, of types of instruments where they are in capitals alone.
    func subscribe(_ names: String..., id: String = "a1") throws {
        let arguments = names.map { name in
            let parts = name.split(separator: ":").map(String.init)
            let key = ["SPOT", "SWAP"].contains(parts[1]) ? "instType" : "instId"
            return #"{"channel":"\#(parts[0])","\#(key)":"\#(parts[1])"}"#
        }
        try self.socket.send(
            text: #"{"id":"\#(id)","op":"subscribe","args":[\#(arguments.joined(separator: ","))]}"#)
    }

    func next() throws -> JSONValue { try JSONValue(try self.socket.message()) }

    /// The next frame of data of a channel; books on the way are kept.
    func next(of channel: String) throws -> JSONValue {
        while true {
            let message = try self.next()
            if message["arg"]["channel"].text == "books", message["event"].text == nil { self.take(message) }
            if message["arg"]["channel"].text == channel, message["event"].text == nil { return message }
        }
    }

    private func take(_ message: JSONValue) {
        let data = message["data"][0]
        guard let id = data["seqId"].integer, let previous = data["prevSeqId"].integer else { return }
        func levels(_ side: String) -> [(Decimal, Decimal)] {
            data[side].list.compactMap { level in
                guard let price = level[0].decimal, let size = level[1].decimal else { return nil }
                return (price, size)
            }
        }
        if message["action"].text == "snapshot" {
            self.book.snapshot(id, bids: levels("bids"), asks: levels("asks"))
        } else {
            self.book.update(previous: previous, id, bids: levels("bids"), asks: levels("asks"))
        }
    }
}
