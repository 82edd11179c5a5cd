/// What the exchange's past is made of, which ends where its running market begins.
package struct PastSettings: Sendable {
    /// Whole days before the start that rows reach back, at most `daysMax`.
    package var days = 92
    /// Trades of each instrument a day, in steps of eight.
    package var tradesPerDay = 5_000
    /// Whether what a venue serves only for a while is refused afterwards.
    package var keepsRetention = true
    /// How long after its end Binance has the archive of a day; that of a month comes on the first Monday behind it.
    package var archiveDelay = Duration.zero

    package static let daysMax = 2_500

    package init() {}
}
