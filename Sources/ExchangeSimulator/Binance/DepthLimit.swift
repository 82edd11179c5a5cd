/// The `limit` of a depth request: what is allowed, how it is priced.
///
/// Weights: <https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints> and
/// <https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Order-Book>.
struct DepthLimit: Equatable {
    let levels: Int
    let weight: Int

    /// - Parameter text: As in the query; `nil` for the default.
    init?(_ text: String?, segment: MarketSegment) {
        guard let text else {
            self.levels = segment == .spot ? 100 : 500
            self.weight = segment == .spot ? 5 : 10
            return
        }
        guard let limit = Int(text), limit > 0 else { return nil }
        if segment == .spot {
            // More than 5000 is answered with 5000.
            self.levels = min(limit, 5000)
            self.weight = limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250
        } else {
            guard [5, 10, 20, 50, 100, 500, 1000].contains(limit) else { return nil }
            self.levels = limit
            self.weight = limit <= 50 ? 2 : limit == 100 ? 5 : limit == 500 ? 10 : 20
        }
    }
}
