/// What a venue's REST serves of a kind of the past, and in which portions: values only, from its documentation.
package struct HistoryOffer: Hashable, Sendable {
    /// How far back it is served, milliseconds; nil for all that there is.
    package let retentionMilliseconds: Int64?
    /// Rows that one answer holds at most.
    package let rowsMost: Int
    /// What one request may span at most, milliseconds from its first to behind its last; nil where only the rows count.
    /// Kinds without a length of bars always have it.
    package let spanMostMilliseconds: Int64?
    /// What one full answer costs.
    package let costs: [VenueRequest.Cost]

    package init(
        retentionMilliseconds: Int64? = nil, rowsMost: Int, spanMostMilliseconds: Int64? = nil,
        costs: [VenueRequest.Cost]
    ) {
        self.retentionMilliseconds = retentionMilliseconds
        self.rowsMost = rowsMost
        self.spanMostMilliseconds = spanMostMilliseconds
        self.costs = costs
    }
}

/// A request for rows of the past, and how its answer is to be read.
package struct HistoryRequest: Hashable, Sendable {
    package let request: VenueRequest
    package let question: VenueQuestion

    /// What `klines` is told to have been missed: all bars of the past are backfilled.
    static let missed: ClosedRange<Int64> = 0...Int64.max

    package init(_ request: VenueRequest, _ question: VenueQuestion) {
        self.request = request
        self.question = question
    }
}

/// A request that finds the id of the first trade at or behind a time; its answer is read as `.trades`, by the decoder that
/// is made for the same `Wanted`, and a trade of it stands for the ids from `firstSequence` to `sequence`.
package struct TradeSearchRequest: Hashable, Sendable {
    /// Which trade of the answer tells.
    package enum Tells: Hashable, Sendable {
        /// The oldest of the answer is the one that is looked for; none where no trade follows within the request's span.
        case first
        /// The newest of the answer is the last one before the time.
        case lastBefore
    }

    package let request: VenueRequest
    package let tells: Tells
    /// The end of what was searched, milliseconds: where nothing was found, the search goes on from here; nil where there
    /// is nothing behind it.
    package let endMilliseconds: Int64?
    /// How long trades are served for certain, milliseconds: older ones may be gone, which ids tell that count from 1 without
    /// a gap; nil where none are gone of what is offered.
    package let keptMilliseconds: Int64?

    package init(
        _ request: VenueRequest, tells: Tells, endMilliseconds: Int64? = nil, keptMilliseconds: Int64? = nil
    ) {
        self.request = request
        self.tells = tells
        self.endMilliseconds = endMilliseconds
        self.keptMilliseconds = keptMilliseconds
    }
}
