package import MarketModel

/// Deribit: perpetuals, options and volatility indices.
///
/// Source: https://docs.deribit.com/ (2026-03-06; JSON-RPC changelog 2026-07-21).
package struct Deribit: Venue {
    package static let id = VenueID("deribit")

    package init() {}

    package var id: VenueID { Self.id }
    package var title: String { "Deribit" }
    package var segments: [VenueSegment] { Self.descriptions }

    /// What is published for accounts: those who did not log in are metered by address, at figures that are not told.
    package var limits: [VenueLimit] {
        [
            VenueLimit(
                "request_credits_per_5_seconds", 50_000, in: 1_000...10_000_000,
                "Credits for requests in five seconds; a request takes 500."),
            VenueLimit(
                "instrument_credits_per_50_seconds", 500_000, in: 20_000...10_000_000,
                "Credits for lists of instruments in fifty seconds; a list takes 10,000."),
            VenueLimit(
                "subscription_credits_per_3_seconds", 30_000, in: 4_000...10_000_000,
                "Credits for subscriptions in three seconds, of all connections; a request takes 3,000."),
            VenueLimit(
                "connections", 32, in: 2...1_000,
                "Connections of one address, requests in flight included; as many are opened in ten seconds."),
        ]
    }

    package func dialect(for segment: VenueSegment, limits: VenueLimits) -> any SubscriptionDialect {
        DeribitDialect(creditsPer3Seconds: limits.usable("subscription_credits_per_3_seconds"))
    }

    package func makeDecoder(for segment: VenueSegment, wanted: Wanted) -> VenueDecoder {
        .of(DeribitDecoder(segment: DeribitSegment(of: segment), wanted: wanted.types))
    }
}
