package import Foundation

/// The ledger as its stream tells it: of each entry the newest message, in the order of their beginnings.
///
/// Holds `limit` entries and a quarter more while it reads; past that the ones that began first are dropped.
package struct GapReport: Sendable {
    /// Which entries are wanted; an empty list wants all.
    package struct Filter: Sendable, Equatable {
        package var symbols: [String] = []
        package var types: [String] = []
        package var causes: [String] = []

        package init(symbols: [String] = [], types: [String] = [], causes: [String] = []) {
            self.symbols = symbols
            self.types = types
            self.causes = causes
        }

        /// Whether an entry is wanted; a symbol may be ours or the venue's.
        func wants(_ message: GapMessage) -> Bool {
            let names = [message.symbol, message.venueSymbol].compactMap(\.self)
            return (self.symbols.isEmpty || names.contains(where: self.symbols.contains))
                && (self.types.isEmpty || self.types.contains(message.of))
                && (self.causes.isEmpty || self.causes.contains(message.cause))
        }
    }

    /// What the entries of one cause come to; sums stay at the largest number rather than wrap.
    package struct Total: Sendable, Equatable {
        package let cause: String
        package var entries = 0
        package var missing: UInt64 = 0
        package var repaired: UInt64 = 0
        package var stillMissing: UInt64 = 0
        /// Entries of which nobody can know how many are missing.
        package var uncounted = 0
        /// Entries that still last.
        package var lasting = 0
    }

    private let filter: Filter
    private let limit: Int
    private var newest: [String: GapMessage] = [:]
    /// Messages read, wanted or not.
    package private(set) var messages = 0
    /// Messages that are no `gap` of schema version 1.
    package private(set) var unreadable = 0
    private var hasDropped = false

    package init(filter: Filter = Filter(), limit: Int = 20_000) {
        self.filter = filter
        self.limit = max(1, limit)
    }

    /// Takes the stream's next message: it replaces what was told under its id earlier, by `received_us`.
    ///
    /// A message that was kept in a spool at its limit stands behind later ones.
    package mutating func add(payload: some DataProtocol) {
        self.messages += 1
        guard let message = GapMessage(payload: payload) else {
            self.unreadable += 1
            return
        }
        guard self.filter.wants(message) else { return }
        if let known = self.newest[message.id]?.receivedMicroseconds, known > message.receivedMicroseconds ?? known {
            return
        }
        self.newest[message.id] = message
        if self.newest.count > self.limit + self.limit / 4 { self.trim() }
    }

    /// The entries, those that began first in front.
    package var entries: [GapMessage] { Array(self.sorted.suffix(self.limit)) }

    /// Whether `entries` is all that is wanted; otherwise entries that began earlier were left out for the limit.
    package var isComplete: Bool { !self.hasDropped && self.newest.count <= self.limit }

    /// What they come to, by cause, in the order of the causes' names.
    package static func totals(_ entries: [GapMessage]) -> [Total] {
        var totals: [String: Total] = [:]
        for entry in entries {
            var total = totals[entry.cause] ?? Total(cause: entry.cause)
            total.entries += 1
            total.missing = Self.sum(total.missing, entry.missing)
            total.repaired = Self.sum(total.repaired, entry.repaired)
            total.stillMissing = Self.sum(total.stillMissing, entry.stillMissing)
            if entry.missing == nil { total.uncounted += 1 }
            if entry.toMicroseconds == nil { total.lasting += 1 }
            totals[entry.cause] = total
        }
        return totals.values.sorted { $0.cause < $1.cause }
    }

    private var sorted: [GapMessage] {
        self.newest.values.sorted { ($0.fromMicroseconds, $0.id) < ($1.fromMicroseconds, $1.id) }
    }

    private mutating func trim() {
        for message in self.sorted.prefix(self.newest.count - self.limit) {
            self.newest[message.id] = nil
        }
        self.hasDropped = true
    }

    private static func sum(_ total: UInt64, _ more: UInt64?) -> UInt64 {
        let (sum, overflow) = total.addingReportingOverflow(more ?? 0)
        return overflow ? .max : sum
    }
}
