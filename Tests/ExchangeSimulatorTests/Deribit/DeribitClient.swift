import Foundation

@testable import ExchangeSimulator

/// A client of Deribit's protocol on a plain socket.
final class DeribitClient {
    let socket: BlockingSocket
    private(set) var book = LinkedReferenceBook()
    /// Books' actions that did not fit what the book held, or were not known.
    private(set) var strange = 0
    private(set) var heartbeats: [String] = []
    private var known: [String: Set<Decimal>] = [:]
    private var lastID = 0

    init(port: Int) throws {
        self.socket = try BlockingSocket.webSocket("/ws/api/v2", port: port)
    }

    /// Calls a method and returns its answer.
    func call(_ method: String, _ parameters: String = "{}") throws -> JSONValue {
        self.lastID += 1
        try self.socket.send(
            text: #"{"jsonrpc":"2.0","id":\#(self.lastID),"method":"\#(method)","params":\#(parameters)}"#)
        while true {
            let message = try self.next()
            if message["id"].integer == self.lastID { return message }
        }
    }

    func subscribe(_ channels: String...) throws -> JSONValue {
        try self.call("public/subscribe", #"{"channels":["\#(channels.joined(separator: "\",\""))"]}"#)
    }

    func next() throws -> JSONValue {
        let message = try JSONValue(try self.socket.message())
        if message["method"].text == "heartbeat" { self.heartbeats.append(message["params"]["type"].text ?? "") }
        if message["params"]["channel"].text?.hasPrefix("book.") == true { self.take(message["params"]["data"]) }
        return message
    }

    /// The next data of a channel.
    func next(of channel: String) throws -> JSONValue {
        while true {
            let message = try self.next()
            if message["params"]["channel"].text == channel { return message["params"]["data"] }
        }
    }

    private func take(_ data: JSONValue) {
        guard let id = data["change_id"].integer else { return }
        let isSnapshot = data["type"].text == "snapshot"
        if isSnapshot { self.known = [:] }
        func levels(_ side: String) -> [(Decimal, Decimal)] {
            data[side].list.compactMap { level in
                guard let action = level[0].text, let price = level[1].decimal, let size = level[2].decimal else {
                    self.strange += 1
                    return nil
                }
                let fits =
                    switch action {
                    case "new": self.known[side, default: []].insert(price).inserted && size > 0
                    case "change": self.known[side]?.contains(price) == true && size > 0
                    case "delete": self.known[side]?.remove(price) != nil && size == 0
                    default: false
                    }
                if !fits { self.strange += 1 }
                return (price, size)
            }
        }
        if isSnapshot {
            self.book.snapshot(id, bids: levels("bids"), asks: levels("asks"))
        } else {
            self.book.update(
                previous: data["prev_change_id"].integer ?? -1, id, bids: levels("bids"), asks: levels("asks"))
        }
    }
}
