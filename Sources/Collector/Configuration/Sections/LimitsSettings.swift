package import MarketModel
package import Venues

/// What the venues allow one address; the standards were read from their documentation.
package struct LimitsSettings: Hashable, Sendable {
    private var limits: [VenueID: VenueLimits]
    package var shared = SharedLimitsSettings()

    package init() {
        self.limits = Dictionary(uniqueKeysWithValues: VenueCatalog.all.map { ($0.id, VenueLimits($0.limits)) })
    }

    package subscript(venue: VenueID) -> VenueLimits {
        get { self.limits[venue] ?? VenueLimits([]) }
        set { self.limits[venue] = newValue }
    }

    static var fields: [SettingField<LimitsSettings>] {
        VenueCatalog.all.map { venue in
            .section(
                venue.id.name, \.[venue.id], Self.fields(of: venue), "\(venue.title)'s limits for one address.")
        } + [
            .section(
                "shared", \.shared, SharedLimitsSettings.fields,
                "Several collectors and backfills on one address; see `docs/decisions/0017-shared-budget.md`.")
        ]
    }

    private static func fields(of venue: any Venue) -> [SettingField<VenueLimits>] {
        venue.limits.map { limit in .value(limit.key, \.[limit.key], .integer(limit.range), limit.meaning) }
            + [
                .value(
                    "use_percent", \.usePercent, .integer(1...100),
                    "The share of each limit that is used; the rest is left to others on this address.")
            ]
    }
}
