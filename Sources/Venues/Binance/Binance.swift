package import MarketModel

/// Binance: spot, USD-M and COIN-M futures.
///
/// Source: https://developers.binance.com/docs/ (spot 2026-07-21, derivatives 2026-07-01).
package struct Binance: Venue {
    package static let id = VenueID("binance")

    package init() {}

    package var id: VenueID { Self.id }
    package var title: String { "Binance" }
    package var segments: [VenueSegment] { Self.descriptions }

    package var limits: [VenueLimit] {
        [
            VenueLimit("spot_weight_per_minute", 6_000, in: 300...1_000_000, "Request weight a minute on spot."),
            VenueLimit(
                "futures_weight_per_minute", 2_400, in: 100...1_000_000,
                "Request weight a minute on USD-M and COIN-M together."),
            VenueLimit(
                "futures_data_per_5_minutes", 1_000, in: 10...1_000_000,
                "Requests for ratios and past open interest in five minutes, on USD-M and COIN-M together; they have no weight."
            ),
            VenueLimit(
                "funding_info_per_5_minutes", 500, in: 10...1_000_000,
                "Requests for funding intervals and past rates in five minutes; they have no weight on USD-M."),
            VenueLimit("connects_per_5_minutes", 300, in: 1...100_000, "New connections in five minutes."),
            VenueLimit(
                "spot_messages_per_second", 5, in: 1...1_000,
                "Messages a second that a spot connection may send, pongs included."),
            VenueLimit("futures_messages_per_second", 10, in: 1...1_000, "The same for a futures connection."),
        ]
    }

    package func dialect(for segment: VenueSegment, limits: VenueLimits) -> any SubscriptionDialect {
        let key = segment.id.name == "spot" ? "spot_messages_per_second" : "futures_messages_per_second"
        // One message of each second is left for a pong.
        return BinanceDialect(spacing: .seconds(1) / max(1, limits.usable(key) - 1))
    }

    package func makeDecoder(for segment: VenueSegment, wanted: Wanted) -> VenueDecoder {
        .of(
            BinanceDecoder(
                segment: BinanceSegment(of: segment), countsSingleTrades: wanted.options["trade_stream"] != "aggTrade"))
    }
}

extension BinanceSegment {
    /// The section of this description, which must be one of Binance's.
    init(of segment: VenueSegment) {
        guard let section = BinanceSegment(rawValue: segment.id.name) else {
            preconditionFailure("not a section of Binance")
        }
        self = section
    }

    package var id: SegmentID { SegmentID(Binance.id, self.rawValue) }
}
