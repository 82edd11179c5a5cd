import MarketModel

/// A kind of table among the archives, with its place there.
struct BinanceArchiveTable: Sendable {
    enum Content: Hashable, Sendable {
        case trades, aggregates
        case quotes
        case klines(KlineInterval)
        case markPrices(KlineInterval)
        case rates
        case openInterest
        case ratio(LongShortRatio.Kind)
    }

    let content: Content
    private let section: BinanceSegment

    /// Gives nil for what no archive holds.
    init?(_ kind: HistoryKind, _ section: BinanceSegment, singleTrades: Bool) {
        let isFutures = section != .spot
        self.section = section
        switch kind {
        case .trade: self.content = singleTrades ? .trades : .aggregates
        case .bbo where isFutures: self.content = .quotes
        case .kline(let interval): self.content = .klines(interval)
        case .markPrice(let interval) where isFutures: self.content = .markPrices(interval)
        case .fundingRate where isFutures: self.content = .rates
        case .openInterest(.minute5) where section == .usdm: self.content = .openInterest
        case .ratio(let ratio, .minute5) where section == .usdm: self.content = .ratio(ratio)
        case .bbo, .openInterest, .ratio, .markPrice, .fundingRate, .volatilityIndex: return nil
        }
    }

    /// Whether it is the table of ratios and open interest.
    var isFigures: Bool {
        switch self.content {
        case .openInterest, .ratio: true
        case .trades, .aggregates, .quotes, .klines, .markPrices, .rates: false
        }
    }

    /// Whether nothing of it is served over REST, so that parts of days are taken too.
    var isAlone: Bool { self.content == .quotes }

    /// Whether the file of a month is sure to be whole: that of quotes is not where the files of days end in its midst. Of
    /// USD-M they end with 2024-03 and the file of April has some hours of it, of COIN-M they ended with 2024-10-14
    /// (binance-public-data issues 334, 2024-05-13, and 380, 2024-12-08).
    func hasMonth(of day: CalendarDay) -> Bool {
        self.content != .quotes || day.year != 2024 || day.month != (self.section == .usdm ? 4 : 10)
    }

    /// Rates come by months alone, and so do bars that are longer than a day.
    var hasDays: Bool {
        switch self.content {
        case .rates: false
        case .klines(let interval), .markPrices(let interval):
            (interval.microseconds ?? .max) <= CalendarDay.milliseconds * 1_000
        case .trades, .aggregates, .quotes, .openInterest, .ratio: true
        }
    }

    private var name: String {
        switch self.content {
        case .trades: "trades"
        case .aggregates: "aggTrades"
        case .quotes: "bookTicker"
        case .klines: "klines"
        case .markPrices: "markPriceKlines"
        case .rates: "fundingRate"
        case .openInterest, .ratio: "metrics"
        }
    }

    /// `/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-10-07.zip`; a month's bars are called `1mo`.
    func path(of symbol: String, _ span: VenueArchive.Span, _ day: CalendarDay) -> String {
        let market =
            switch self.section {
            case .spot: "spot"
            case .usdm: "futures/um"
            case .coinm: "futures/cm"
            }
        let symbol = BinanceEndpoints.percentEncoded(symbol)
        var folder = symbol
        var label = self.name
        switch self.content {
        case .klines(let interval), .markPrices(let interval):
            label = interval == .month1 ? "1mo" : interval.rawValue
            folder += "/\(label)"
        case .trades, .aggregates, .quotes, .rates, .openInterest, .ratio:
            break
        }
        let date = span == .day ? day.text : day.monthText
        return
            "/data/\(market)/\(span == .day ? "daily" : "monthly")/\(self.name)/\(folder)/\(symbol)-\(label)-\(date).zip"
    }
}
