import MarketModel
package import Venues

/// What is collected, venue by venue.
package struct VenuesSettings: Hashable, Sendable {
    /// By section; one that has no entry is left alone.
    private var sections: [SegmentID: SegmentSettings] = [:]

    package init() {}

    /// The sections that are collected, in the order of the documentation.
    package var segments: [(segment: VenueSegment, settings: SegmentSettings)] {
        VenueCatalog.segments.compactMap { segment in self[segment.id].map { (segment, $0) } }
    }

    /// The venues of which something is collected.
    package var venues: [any Venue] {
        VenueCatalog.all.filter { venue in self.sections.keys.contains { $0.venue == venue.id } }
    }

    package subscript(segment: SegmentID) -> SegmentSettings? {
        get { self.sections[segment] }
        set { self.sections[segment] = newValue }
    }

    static var fields: [SettingField<VenuesSettings>] {
        VenueCatalog.all.map { venue in
            .section(
                venue.id.name, \.self, Self.fields(of: venue), "\(venue.title): the sections named here are collected.")
        }
    }

    private static func fields(of venue: any Venue) -> [SettingField<VenuesSettings>] {
        venue.segments.map { segment in
            .optionalSection(
                segment.id.name, \.[segment.id], SegmentSettings(segment), SegmentSettings.fields(of: segment),
                segment.meaning)
        }
    }
}
