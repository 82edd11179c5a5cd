package import MarketModel

/// What a REST answer is to be decoded as.
package enum VenueQuestion: Hashable, Sendable {
    case depthSnapshot
    case openInterest
    case ratio(LongShortRatio.Kind, period: KlineInterval)
    /// Bars of this length.
    case volatilityIndex(KlineInterval)
    /// Closed bars that are to be confirmed.
    case klines(KlineInterval)
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

/// A question that is asked again and again.
package struct VenuePoll: Hashable, Sendable {
    package let type: DataType
    /// The venue's symbol; nil for a question about the whole section.
    package let symbol: String?
    package let question: VenueQuestion
    package let request: VenueRequest

    package init(type: DataType, symbol: String?, question: VenueQuestion, request: VenueRequest) {
        self.type = type
        self.symbol = symbol
        self.question = question
        self.request = request
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
