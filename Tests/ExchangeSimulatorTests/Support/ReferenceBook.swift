import Foundation

@testable import ExchangeSimulator

/// The naive book that the simulator's messages are checked with, by the rule of the recordings: a frame covers the ids
/// after `pu` (or before `U`) up to `u`.
struct ReferenceBook {
    private(set) var bids: [Decimal: Decimal] = [:]
    private(set) var asks: [Decimal: Decimal] = [:]
    private(set) var lastID: UInt64?
    private(set) var gaps = 0
    private(set) var malformed = 0
    private var kept: [[String: Any]] = []

    var isValid: Bool { self.lastID != nil }

    mutating func snapshot(_ text: [UInt8]) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text)) as? [String: Any],
            let id = object["lastUpdateId"] as? NSNumber
        else { return }
        self.bids = [:]
        self.asks = [:]
        self.put(object["bids"], object["asks"])
        self.lastID = id.uint64Value
        let kept = self.kept
        self.kept = []
        for frame in kept { self.update(frame) }
    }

    /// Takes the payload of a depth message; `false` when a snapshot is needed.
    @discardableResult
    mutating func update(_ data: [String: Any]) -> Bool {
        guard let last = data["u"] as? NSNumber, let first = data["U"] as? NSNumber else {
            self.malformed += 1
            return self.isValid
        }
        guard let current = self.lastID else {
            self.kept.append(data)
            return false
        }
        if last.uint64Value <= current { return true }
        let before = (data["pu"] as? NSNumber)?.uint64Value ?? first.uint64Value - 1
        guard before <= current else {
            self.gaps += 1
            self.lost()
            self.kept = [data]
            return false
        }
        self.put(data["b"], data["a"])
        self.lastID = last.uint64Value
        return true
    }

    /// Forgets everything, as after a lost connection.
    mutating func lost() {
        self.lastID = nil
        self.kept = []
    }

    /// The best levels in units of `decimals` fraction digits.
    func top(_ limit: Int, priceDecimals: Int, sizeDecimals: Int) -> (bids: [BookLevel], asks: [BookLevel]) {
        func level(_ pair: (key: Decimal, value: Decimal)) -> BookLevel {
            BookLevel(
                price: NSDecimalNumber(decimal: pair.key * pow(10, priceDecimals)).int64Value,
                size: NSDecimalNumber(decimal: pair.value * pow(10, sizeDecimals)).int64Value)
        }
        return (
            self.bids.sorted { $0.key > $1.key }.prefix(limit).map(level),
            self.asks.sorted { $0.key < $1.key }.prefix(limit).map(level)
        )
    }

    private mutating func put(_ bids: Any?, _ asks: Any?) {
        for case let level as [String] in bids as? [Any] ?? [] { Self.put(level, into: &self.bids) }
        for case let level as [String] in asks as? [Any] ?? [] { Self.put(level, into: &self.asks) }
    }

    private static func put(_ level: [String], into side: inout [Decimal: Decimal]) {
        guard level.count == 2, let price = Decimal(string: level[0]), let size = Decimal(string: level[1]) else {
            return
        }
        side[price] = size == 0 ? nil : size
    }
}
