package import MarketModel

/// What a REST answer is to be decoded as.
package enum VenueQuestion: Hashable, Sendable {
    case depthSnapshot
    /// A book that a live one is compared with.
    case bookAudit
    case openInterest
    case ratio(LongShortRatio.Kind, period: KlineInterval)
    /// Bars of this length.
    case volatilityIndex(KlineInterval)
    /// Closed bars that are to be confirmed; those that ended in `missed`, microseconds since 1970, are backfilled.
    case klines(KlineInterval, missed: ClosedRange<Int64>? = nil)
    /// Trades that a stream left out, oldest first.
    case trades
    /// Funding that was charged, oldest first.
    case fundingHistory
    /// Open interest at the ends of past periods, oldest first.
    case openInterestHistory(KlineInterval)
    /// Bars of the mark price, oldest first.
    case markPriceBars(KlineInterval)
    /// How often funding is due; of all symbols of the section at once.
    case fundingIntervals
}

/// A request to a venue's REST, with what it costs.
package struct VenueRequest: Hashable, Sendable {
    /// What it takes of one budget.
    package struct Cost: Hashable, Sendable {
        /// The budget's name among the venue's `scopes`.
        package let scope: String
        package let weight: Int

        package init(_ scope: String, _ weight: Int) {
            self.scope = scope
            self.weight = weight
        }
    }

    package let segment: SegmentID
    /// Behind the section's base address, with the query.
    package let path: String
    /// The narrowest budget first: it keeps no room in the wider ones while it has none itself.
    package let costs: [Cost]

    package init(_ segment: SegmentID, path: String, costs: [Cost]) {
        self.segment = segment
        self.path = path
        self.costs = costs
    }
}

/// A request for trades, and what its answer holds of them.
package struct VenueTradeRequest: Hashable, Sendable {
    package let request: VenueRequest
    /// The first of the ids that were wanted, all of which the answer holds as far as the venue has them.
    package let ids: ClosedRange<UInt64>

    package init(_ request: VenueRequest, ids: ClosedRange<UInt64>) {
        self.request = request
        self.ids = ids
    }
}

extension ClosedRange<UInt64> {
    /// The first of them, at most `count`, which is above zero.
    func first(_ count: UInt64) -> Self {
        let last = self.upperBound - self.lowerBound < count ? self.upperBound : self.lowerBound + (count - 1)
        return self.lowerBound...last
    }
}

/// A request for a whole book.
package struct VenueBookRequest: Hashable, Sendable {
    package let request: VenueRequest
    /// Levels a side that the answer holds at most: a shorter side is the whole one.
    package let levels: Int

    package init(_ request: VenueRequest, levels: Int) {
        self.request = request
        self.levels = levels
    }
}

/// A question that is asked again and again.
package struct VenuePoll: Hashable, Sendable {
    package let type: DataType
    /// The venue's symbol; nil for a question about the whole section.
    package let symbol: String?
    package let question: VenueQuestion
    /// Without the range of time.
    package let request: VenueRequest
    /// The range of time that is asked for; nil where the venue gives its newest.
    package let range: TimeRange?
    /// How often, where the question itself says it: once a bar; nil where the configuration does.
    package let interval: Duration?

    /// A range of time that ends when it is asked for, as parameters of the query in milliseconds.
    package struct TimeRange: Hashable, Sendable {
        package let startKey: String
        package let endKey: String
        /// How far it reaches back behind the last answer, or behind now where there was none.
        package let lengthMilliseconds: Int64
        /// What one answer holds at most.
        package let mostMilliseconds: Int64

        package init(startKey: String, endKey: String, lengthMilliseconds: Int64, mostMilliseconds: Int64) {
            self.startKey = startKey
            self.endKey = endKey
            self.lengthMilliseconds = lengthMilliseconds
            self.mostMilliseconds = mostMilliseconds
        }
    }

    package init(
        type: DataType, symbol: String?, question: VenueQuestion, request: VenueRequest, range: TimeRange? = nil,
        interval: Duration? = nil
    ) {
        self.type = type
        self.symbol = symbol
        self.question = question
        self.request = request
        self.range = range
        self.interval = interval
    }

    /// The request as it is sent at a time of the wall clock; its query must not be empty where there is a range.
    ///
    /// - Parameter last: When it was asked last and answered, so that nothing is left out after a failure.
    package func request(atMilliseconds now: Int64, last: Int64? = nil) -> VenueRequest {
        guard let range = self.range else { return self.request }
        let start = max(min(last ?? now, now) - range.lengthMilliseconds, now - range.mostMilliseconds)
        let query = "&\(range.startKey)=\(start)&\(range.endKey)=\(now)"
        return VenueRequest(self.request.segment, path: self.request.path + query, costs: self.request.costs)
    }
}

/// A REST answer as the venue gave it.
package struct VenueAnswer: Sendable {
    package let status: Int
    package let body: [UInt8]
    /// Gives a header's value by its name, whatever its case.
    package let header: @Sendable (String) -> String?
    /// The wall clock, which a ban's end is told by.
    package let nowMilliseconds: Int64

    package init(
        status: Int, body: [UInt8], nowMilliseconds: Int64, header: @escaping @Sendable (String) -> String?
    ) {
        self.status = status
        self.body = body
        self.nowMilliseconds = nowMilliseconds
        self.header = header
    }
}
