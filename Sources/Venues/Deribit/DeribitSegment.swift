import MarketModel

/// A section of Deribit by the key of its configuration.
package enum DeribitSegment: String, Hashable, Sendable, CaseIterable {
    /// Inverse perpetuals (`BTC-PERPETUAL`) and linear ones (`SOL_USDC-PERPETUAL`).
    case perpetual
    case option
    /// The volatility indices.
    case index

    package var id: SegmentID { SegmentID(Deribit.id, self.rawValue) }

    /// The section of this description, which must be one of Deribit's.
    init(of segment: VenueSegment) {
        guard let section = DeribitSegment(rawValue: segment.id.name) else {
            preconditionFailure("not a section of Deribit")
        }
        self = section
    }
}
