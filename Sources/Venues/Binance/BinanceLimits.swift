/// What Binance counts and refuses.
///
/// Source: https://developers.binance.com/docs/ (spot 2026-07-21, derivatives 2026-07-01); the live values stand in
/// `rateLimits` of exchangeInfo and in the configuration.
package enum BinanceLimits {
    /// The header that says how much weight the address has used in the running minute.
    package static let usedWeightHeader = "X-MBX-USED-WEIGHT-1M"

    /// The scope that meters a segment: USD-M and COIN-M share one since 2026-06-30.
    package static func scope(of segment: BinanceSegment) -> String {
        switch segment {
        case .spot: "spot"
        case .usdm, .coinm: "futures"
        }
    }

    /// The weight of a depth request.
    package static func depthWeight(_ segment: BinanceSegment, limit: Int) -> Int {
        switch segment {
        case .spot: limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1_000 ? 50 : 250
        case .usdm, .coinm: limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
        }
    }

    /// The weight of the list of instruments.
    package static func instrumentsWeight(_ segment: BinanceSegment) -> Int {
        segment == .spot ? 20 : 1
    }

    /// The limit to ask for: futures serve fixed ones, the next one up is taken.
    package static func depthLimit(_ segment: BinanceSegment, wanted: Int) -> Int {
        switch segment {
        case .spot: min(max(wanted, 1), 5_000)
        case .usdm, .coinm: [5, 10, 20, 50, 100, 500, 1_000].first { $0 >= wanted } ?? 1_000
        }
    }

    /// The weight of an open interest.
    package static let openInterestWeight = 1

    /// The weight of the statistics of all symbols: spot's short form weighs as much as the long one.
    package static func turnoversWeight(_ segment: BinanceSegment) -> Int { segment == .spot ? 80 : 40 }

    /// The most bars of one answer.
    package static func klinesMost(_ segment: BinanceSegment) -> Int { segment == .spot ? 1_000 : 1_500 }

    /// The most trades of one answer.
    package static let tradesMost: UInt64 = 1_000

    /// The weight of a request for trades from an id on, whatever its limit
    /// (https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints, 2026-07-21, and
    /// https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api, 2026-05-28).
    package static func tradesWeight(_ segment: BinanceSegment, isAggregate: Bool) -> Int {
        switch segment {
        case .spot: isAggregate ? 4 : 25
        case .usdm, .coinm: 20
        }
    }

    /// The most charged rates of one answer.
    package static let fundingRatesMost = 1_000

    /// The bars that an answer about the past is asked to hold: as many as weigh least. Of futures 499 weigh two, 1,500 ten.
    package static func pastKlinesMost(_ segment: BinanceSegment) -> Int { segment == .spot ? 1_000 : 499 }

    /// The most rows of an answer of `/futures/data/…`.
    package static let futuresDataMost = 500

    /// The weight of a request for bars; the steps of futures are those of the documentation of USD-M.
    package static func klinesWeight(_ segment: BinanceSegment, limit: Int) -> Int {
        switch segment {
        case .spot: 2
        case .usdm, .coinm: limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10
        }
    }
}
