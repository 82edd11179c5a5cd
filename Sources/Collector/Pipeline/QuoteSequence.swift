package import MarketModel

/// The best bids and offers of one instrument by the book's ids, so that two sockets that overlap give each once.
package struct QuoteSequence: Sendable, Equatable {
    private var last: UInt64 = 0
    private var lastTime = Timestamp.none
    private var bid = Level(price: 0, size: 0)
    private var ask = Level(price: 0, size: 0)
    /// Quotes that came twice, or after a later one.
    package private(set) var stale: UInt64 = 0

    package init() {}

    /// Takes a quote; false for one that says nothing new.
    ///
    /// A venue that gives no id gives 0, and every quote is taken. A smaller id at a later time of the venue starts the
    /// ids anew, as OKX's maintenance does in mid-stream; what a socket that lags brings is of an earlier time.
    @inline(__always)
    package mutating func take(_ offer: BestBidOffer) -> Bool {
        if offer.sequence != 0 {
            let isSame = offer.sequence == self.last && offer.bid == self.bid && offer.ask == self.ask
            guard !isSame, offer.sequence >= self.last || self.isLater(offer.eventTime) else {
                self.stale &+= 1
                return false
            }
            self.last = offer.sequence
            self.lastTime = offer.eventTime
            self.bid = offer.bid
            self.ask = offer.ask
        }
        return true
    }

    private func isLater(_ time: Timestamp) -> Bool {
        guard let time = time.microseconds, let last = self.lastTime.microseconds else { return false }
        return time > last
    }

    /// Starts over with the next quote: a venue may count anew after it was down.
    package mutating func restart() {
        self.last = 0
    }
}
