package import MarketModel

/// The venues that can be collected.
package enum VenueCatalog {
    package static let all: [any Venue] = [Binance(), OKX(), Deribit()]

    package static func venue(_ id: VenueID) -> (any Venue)? { self.all.first { $0.id == id } }

    /// The section of this name; nil where no venue has it.
    package static func segment(_ id: SegmentID) -> VenueSegment? {
        self.venue(id.venue)?.segments.first { $0.id == id }
    }

    /// Every section, in the order of the documentation.
    package static let segments: [VenueSegment] = all.flatMap(\.segments)
}
