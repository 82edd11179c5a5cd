/// What a venue tells of an instrument beside its book and trades.
struct MarketFigures: Equatable {
    /// Mark price, in hundredths of the instrument's price units.
    var mark: Int64
    /// Price of the index, in hundredths of the price units; of whole quote units for options.
    var index: Int64
    /// Funding rate expected at the next settlement, in units of 10⁻⁸.
    var fundingRate: Int64 = 0
    var premium: Int64 = 0
    /// When it is settled, the rate of the settlement before, and the time between; milliseconds.
    var fundingTime: Int64 = 0
    var settledRate: Int64 = 0
    var fundingPeriod: Int64 = 0
    /// In size units.
    var openInterest: Int64
    /// Expected yearly volatility, hundredths of a percent.
    var volatility: Int64
    /// The last day's trades.
    var day: Bar
    var last: TimedPrint?
    var best: BookTop
}

/// Makes an instrument's figures by seed; the settled rates are those of its past.
struct FigureSource {
    let symbol: SimulatedSymbol
    let past: PastMarket
    private var random: RandomSource
    private(set) var figures: MarketFigures
    private var refreshedAt: Int64 = 0
    private var takenID: UInt64

    init(symbol: SimulatedSymbol, book: TrueBook, log: TradeLog, seed: UInt64) {
        self.symbol = symbol
        self.past = log.past
        self.random = RandomSource(seed: seed)
        self.takenID = log.lastID
        let start = symbol.startTicks
        self.figures = MarketFigures(
            mark: start * 100, index: (symbol.option?.underlying ?? start) * 100,
            openInterest: Int64(100_000 + self.random.below(900_000)) * symbol.sizeStep,
            volatility: Int64(3_500 + self.random.below(3_000)),
            day: Bar(start: log.startedAt, length: .max / 2, price: start), last: nil, best: book.top(1))
    }

    /// Brings the figures up to a time, at most ten times a second.
    mutating func refresh(_ book: TrueBook, _ log: TradeLog, at now: Int64) {
        guard now - self.refreshedAt >= 100 else { return }
        self.refreshedAt = now
        let best = book.top(1)
        if let bid = best.bids.first?.price, let ask = best.asks.first?.price {
            let middle = (bid + ask) * 50
            self.figures.mark = max(middle + Int64(self.random.below(101) - 50), 1)
            let underlying = self.symbol.option.map { $0.underlying * 100 } ?? middle
            self.figures.index = max(underlying + Int64(self.random.below(401) - 200), 1)
        }
        let settles = self.nextFunding(at: now)
        self.figures.fundingRate = self.past.settledRate(at: settles) + Int64(self.random.below(201) - 100)
        self.figures.premium = self.figures.fundingRate / 2
        self.figures.fundingTime = settles
        self.figures.settledRate = self.past.settledRate(at: settles - self.fundingPeriod)
        self.figures.fundingPeriod = self.fundingPeriod
        self.figures.openInterest = max(
            self.figures.openInterest + Int64(self.random.below(2_001) - 1_000) * self.symbol.sizeStep,
            self.symbol.sizeStep)
        self.figures.volatility = max(self.figures.volatility + Int64(self.random.below(11) - 5), 100)
        while self.takenID < log.lastID {
            self.takenID += 1
            guard let trade = log.trade(self.takenID) else { continue }
            self.figures.day.take(trade.print, priceDecimals: self.symbol.priceDecimals)
            self.figures.last = trade
        }
        self.figures.best = best
    }

    /// Milliseconds between two settlements of funding.
    var fundingPeriod: Int64 { self.past.fundingPeriod }

    /// The settlement of funding after a time; milliseconds.
    func nextFunding(at now: Int64) -> Int64 { (now / self.fundingPeriod + 1) * self.fundingPeriod }
}

/// A position that was closed by force.
struct SimulatedLiquidation: Equatable {
    let side: Side
    /// Bankruptcy price and the price it was done at, in price units.
    let price: Int64
    let averagePrice: Int64
    let size: Int64
    let milliseconds: Int64

    enum Side { case buy, sell }
}
