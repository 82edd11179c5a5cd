internal import Transport

/// Why a request to Binance was not done.
struct BinanceError: Error, Equatable {
    let code: Int
    let message: String
    let status: Int

    init(_ code: Int, _ message: String, status: Int = 400) {
        self.code = code
        self.message = message
        self.status = status
    }

    static let unknownSymbol = Self(-1121, "Invalid symbol.")
    static let badInterval = Self(-1120, "Invalid interval.")
    static let noKey = Self(-2014, "API-key format invalid.", status: 401)

    static let tooLong = Self(-1127, "More than allowed between startTime and endTime.")
    static let badCombination = Self(-1128, "Combination of optional parameters invalid.")
    static let badContract = Self(-1130, "Data sent for parameter 'contractType' is not valid.")

    static func invalid(_ parameter: String) -> Self { Self(-1130, "parameter '\(parameter)' is invalid.") }

    static func missing(_ parameter: String) -> Self {
        Self(-1102, "Mandatory parameter '\(parameter)' was not sent, was empty/null, or malformed.")
    }
}

/// An endpoint of Binance, by the end of its path, and what it weighs.
///
/// Weights: <https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints> and
/// <https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api> (2026-05).
enum BinanceEndpoint: String {
    case ping, time, exchangeInfo, depth, klines, markPriceKlines, aggTrades, trades, historicalTrades
    case ticker = "ticker/24hr"
    case openInterest, premiumIndex, fundingInfo, fundingRate
    case accountRatio = "globalLongShortAccountRatio"
    case topAccountRatio = "topLongShortAccountRatio"
    case topPositionRatio = "topLongShortPositionRatio"
    case openInterestHistory = "openInterestHist"

    /// Whether it is one of the statistics, which have a path and a limit of their own.
    var isStatistic: Bool {
        switch self {
        case .accountRatio, .topAccountRatio, .topPositionRatio, .openInterestHistory: true
        default: false
        }
    }

    var isOfFutures: Bool {
        switch self {
        case .openInterest, .premiumIndex, .fundingInfo, .fundingRate, .markPriceKlines: true
        default: false
        }
    }

    /// Whether USD-M counts it apart, five hundred in five minutes, and gives it no weight.
    var isFunding: Bool { self == .fundingInfo || self == .fundingRate }

    func weight(_ request: HTTPRequest, _ segment: MarketSegment) -> Int {
        let isSpot = segment == .spot
        let isOfOne = request.query("symbol") != nil
        switch self {
        case .exchangeInfo: return isSpot ? 20 : 1
        case .klines, .markPriceKlines:
            let limit = request.query("limit").flatMap { Int($0) } ?? 500
            return isSpot ? 2 : limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10
        case .aggTrades: return isSpot ? 4 : 20
        case .trades: return isSpot ? 25 : 5
        case .historicalTrades: return isSpot ? 25 : 20
        case .ticker: return isOfOne ? (isSpot ? 2 : 1) : (isSpot ? 80 : 40)
        case .premiumIndex: return isOfOne ? 1 : 10
        case .accountRatio, .topAccountRatio, .topPositionRatio, .openInterestHistory: return 0
        case .fundingInfo, .fundingRate: return segment == .usdm ? 0 : 1
        case .ping, .time, .depth, .openInterest: return 1
        }
    }
}
