/// What became of an answer with trades that were missed.
package struct RepairedTrades: Sendable, Equatable {
    /// Trades of the wanted ids in it, those that came meanwhile included.
    package var offered: UInt64 = 0
    /// Trades that were published.
    package var taken: UInt64 = 0
    /// The queue had no room for all of them: the rest is to be asked for again.
    package var isCutShort = false

    package init() {}
}
