import ExchangeSimulator
import Foundation

/// A subscriber as `docs/subscribing.md` describes it, for books and trades.
struct BookFollower {
    struct Book {
        var chain: String
        var sequence: Int
        var venueSequence: String?
        var depth: Int
        var bids: [String: String]
        var asks: [String: String]
    }

    private(set) var books: [String: Book] = [:]
    /// The last book of each symbol that was live.
    private(set) var last: [String: Book] = [:]
    private(set) var comparedViews = 0
    private(set) var appliedDeltas = 0
    private(set) var trades = 0
    private(set) var duplicateTrades = 0
    private(set) var missingTrades = 0
    private(set) var problems: [String] = []
    private var tradeIDs: [String: UInt64] = [:]
    private var numbers: [String: Int] = [:]

    static func key(_ segment: MarketSegment, _ symbol: String) -> String {
        "\(segment == .spot ? "spot" : "perpetual").\(symbol)"
    }

    mutating func take(_ payload: [UInt8]) throws {
        guard let message = try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
            let type = message["type"] as? String
        else {
            self.problems.append("a message without its envelope")
            return
        }
        self.checkNumber(message, type)
        guard let market = message["market"] as? String, let symbol = message["venue_symbol"] as? String else {
            // Only what belongs to no instrument has no market.
            if type != "status", type != "heartbeat" { self.problems.append("\(type) without its market") }
            return
        }
        let key = "\(market).\(symbol)"
        switch type {
        case "orderbook": self.takeView(message, key)
        case "orderbook_delta": self.takeDelta(message, key)
        case "trade": self.takeTrade(message, key)
        case "bbo", "instrument", "status": return
        default: self.problems.append("an unexpected \(type)")
        }
        if let book = self.books[key] { self.last[key] = book }
    }

    /// Numbers count from 1 under each subject, whatever loop a message comes from; the stream is watched from the start.
    private mutating func checkNumber(_ message: [String: Any], _ type: String) {
        let subject =
            "\(type) \((message["market"] as? String) ?? "") \((message["venue_symbol"] as? String) ?? (message["name"] as? String) ?? "")"
        let number = message["n"] as? Int ?? 0
        if let last = self.numbers[subject], number != last + 1 {
            self.problems.append("\(subject): \(number) after \(last)")
        }
        self.numbers[subject] = number
    }

    private mutating func takeView(_ message: [String: Any], _ key: String) {
        guard let chain = message["chain"] as? String, let sequence = message["sequence"] as? Int,
            let state = message["state"] as? String, let depth = message["depth"] as? Int
        else { return self.problems.append("\(key): a view without its fields") }
        guard ["seeded", "live", "refreshing"].contains(state) else {
            self.books[key] = nil
            return
        }
        let bids = Self.levels(message["bids"])
        let asks = Self.levels(message["asks"])
        if let book = self.books[key], book.chain == chain {
            self.comparedViews += 1
            if book.sequence != sequence { self.problems.append("\(key): at \(book.sequence), view at \(sequence)") }
            if book.bids != bids || book.asks != asks { self.problems.append("\(key): differs at \(sequence)") }
        }
        self.books[key] = Book(
            chain: chain, sequence: sequence, venueSequence: message["venue_sequence"] as? String, depth: depth,
            bids: bids, asks: asks)
    }

    private mutating func takeDelta(_ message: [String: Any], _ key: String) {
        guard var book = self.books[key], message["chain"] as? String == book.chain,
            let sequence = message["sequence"] as? Int, let previous = message["previous_sequence"] as? Int,
            sequence > book.sequence
        else { return }
        if previous != book.sequence { self.problems.append("\(key): delta after \(previous), at \(book.sequence)") }
        Self.apply(Self.levels(message["bids"]), to: &book.bids, depth: book.depth, best: >)
        Self.apply(Self.levels(message["asks"]), to: &book.asks, depth: book.depth, best: <)
        book.sequence = sequence
        book.venueSequence = message["venue_sequence"] as? String
        self.books[key] = book
        self.appliedDeltas += 1
    }

    private mutating func takeTrade(_ message: [String: Any], _ key: String) {
        guard let text = message["id"] as? String, let id = UInt64(text) else {
            return self.problems.append("\(key): a trade without an id")
        }
        self.trades += 1
        if let last = self.tradeIDs[key] {
            if id <= last { self.duplicateTrades += 1 } else { self.missingTrades += Int(id - last - 1) }
        }
        self.tradeIDs[key] = max(id, self.tradeIDs[key] ?? 0)
    }

    private static func levels(_ value: Any?) -> [String: String] {
        let rows = value as? [[String]] ?? []
        return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
    }

    private static func apply(
        _ changes: [String: String], to side: inout [String: String], depth: Int, best: (Decimal, Decimal) -> Bool
    ) {
        for (price, size) in changes { side[price] = size == "0" ? nil : size }
        guard side.count > depth else { return }
        let worst = side.keys.sorted { best(Decimal(string: $0) ?? 0, Decimal(string: $1) ?? 0) }.dropFirst(depth)
        for price in worst { side[price] = nil }
    }
}
