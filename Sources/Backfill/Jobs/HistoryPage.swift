package import MarketModel

/// Rows of one series as they were read together: at most a few thousand.
package struct HistoryPage: Sendable {
    /// What the texts of the rows point into.
    package let bytes: [UInt8]
    package let rows: [HistoryRow]
    /// Of the prices and sizes of trades and quotes.
    package let scales: DecimalScales
    package let receivedMicroseconds: Int64

    package init(bytes: [UInt8], rows: [HistoryRow], scales: DecimalScales, receivedMicroseconds: Int64) {
        self.bytes = bytes
        self.rows = rows
        self.scales = scales
        self.receivedMicroseconds = receivedMicroseconds
    }
}

/// A row of the past.
package enum HistoryRow: Sendable {
    case trade(Trade)
    case bestBidOffer(BestBidOffer)
    case kline(Kline)
    case fundingRate(FundingRate)
    case openInterest(OpenInterest)
    case longShortRatio(LongShortRatio)
    case markPrice(MarkPrice)
    case volatilityIndex(VolatilityIndex)

    /// Nil for what has no past.
    package init?(_ event: MarketEvent) {
        switch event {
        case .trade(let trade): self = .trade(trade)
        case .bestBidOffer(let offer): self = .bestBidOffer(offer)
        case .kline(let kline): self = .kline(kline)
        case .fundingRate(let rate): self = .fundingRate(rate)
        case .openInterest(let interest): self = .openInterest(interest)
        case .longShortRatio(let ratio): self = .longShortRatio(ratio)
        case .markPrice(let price): self = .markPrice(price)
        case .volatilityIndex(let index): self = .volatilityIndex(index)
        case .depth, .orderBook, .orderBookDelta, .liquidation, .instrument, .status, .heartbeat:
            return nil
        }
    }

    /// What its place in the series goes by: the time of a trade or quote, a bar's opening, when funding was due, the time that the venue
    /// gives a period.
    package var time: Timestamp {
        switch self {
        case .trade(let trade): trade.eventTime
        case .bestBidOffer(let offer): offer.eventTime
        case .kline(let kline): kline.openTime
        case .fundingRate(let rate): rate.fundingTime
        case .openInterest(let interest): interest.eventTime
        case .longShortRatio(let ratio): ratio.eventTime
        case .markPrice(let price): price.eventTime
        case .volatilityIndex(let index): index.eventTime
        }
    }
}
