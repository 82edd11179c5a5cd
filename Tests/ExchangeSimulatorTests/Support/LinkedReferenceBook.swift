import Foundation

@testable import ExchangeSimulator

/// A book of linked messages as a client keeps it, written anew for the tests.
struct LinkedReferenceBook {
    private(set) var lastID: Int?
    private(set) var gaps = 0
    private(set) var resets = 0
    private(set) var messages = 0
    private var bids: [Decimal: Decimal] = [:]
    private var asks: [Decimal: Decimal] = [:]

    /// Replaces the book.
    mutating func snapshot(_ id: Int, bids: [(Decimal, Decimal)], asks: [(Decimal, Decimal)]) {
        self.lastID = id
        self.bids = Dictionary(bids, uniquingKeysWith: { $1 })
        self.asks = Dictionary(asks, uniquingKeysWith: { $1 })
        self.messages += 1
    }

    /// Applies a message that follows `previous`; one that follows another counts as a gap and is left out.
    mutating func update(
        previous: Int, _ id: Int, bids: [(Decimal, Decimal)], asks: [(Decimal, Decimal)]
    ) {
        guard previous == self.lastID else {
            self.gaps += 1
            return
        }
        if id < previous { self.resets += 1 }
        for (price, size) in bids { self.bids[price] = size == 0 ? nil : size }
        for (price, size) in asks { self.asks[price] = size == 0 ? nil : size }
        self.lastID = id
        self.messages += 1
    }

    /// Both sides best first, in the units of an instrument.
    func top(_ symbol: SimulatedSymbol) -> (bids: [BookLevel], asks: [BookLevel]) {
        func levels(_ side: [Decimal: Decimal], _ isBetter: (Decimal, Decimal) -> Bool) -> [BookLevel] {
            side.sorted { isBetter($0.key, $1.key) }.map { price, size in
                BookLevel(
                    price: Self.units(price, symbol.priceDecimals), size: Self.units(size, symbol.sizeDecimals))
            }
        }
        return (levels(self.bids, >), levels(self.asks, <))
    }

    private static func units(_ value: Decimal, _ decimals: Int) -> Int64 {
        (value * pow(10, decimals) as NSDecimalNumber).int64Value
    }
}
