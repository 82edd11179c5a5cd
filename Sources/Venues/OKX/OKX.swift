import Glibc
package import MarketModel
import Resilience

/// OKX: spot and perpetual swaps.
///
/// Source: https://www.okx.com/docs-v5/en/ (2026-08-22); sockets moved from port 8443 to 443 on 2026-10-31.
package struct OKX: Venue {
    package static let id = VenueID("okx")

    /// The wall clock, by which recent bars are told from old ones.
    let nowMilliseconds: @Sendable () -> Int64

    package init(nowMilliseconds: @escaping @Sendable () -> Int64 = { OKX.wallClock() }) {
        self.nowMilliseconds = nowMilliseconds
    }

    package var id: VenueID { Self.id }
    package var title: String { "OKX" }
    package var segments: [VenueSegment] { Self.descriptions }

    package var limits: [VenueLimit] {
        [
            VenueLimit(
                "operations_per_hour", 480, in: 10...100_000,
                "Requests to subscribe or unsubscribe on one connection in an hour."),
            VenueLimit("connects_per_second", 3, in: 1...1_000, "New connections a second."),
        ]
    }

    package func dialect(for segment: VenueSegment, limits: VenueLimits) -> any SubscriptionDialect {
        OKXDialect(requestsPerHour: limits.usable("operations_per_hour"))
    }

    package func makeDecoder(for segment: VenueSegment, wanted: Wanted) -> VenueDecoder {
        .of(OKXDecoder(segment: OKXSegment(of: segment)))
    }

    private static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
