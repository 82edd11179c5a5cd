/// What travels from the decoders to the books and on to the publisher.
///
/// Every payload is plain memory: an event is copied without touching a reference count. No `switch` over it has a
/// `default`, so that the compiler lists what a new data type must touch.
public enum MarketEvent {
    case trade(Trade)
    /// A venue's change or snapshot of a book; the book stage turns it into the two below.
    case depth(DepthUpdate)
    case orderBook(OrderBookView)
    case orderBookDelta(OrderBookDelta)
    case bestBidOffer(BestBidOffer)
    case markPrice(MarkPrice)
    case fundingRate(FundingRate)
    case openInterest(OpenInterest)
    case liquidation(Liquidation)
    case longShortRatio(LongShortRatio)
    case volatilityIndex(VolatilityIndex)
    case kline(Kline)
    /// The metadata of the instrument changed or was read again.
    case instrument(InstrumentID)
    case status(StatusChange)
    case heartbeat(Heartbeat)
}
