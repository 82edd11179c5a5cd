import Backfill
import MarketModel
import Observability
import OrderBook
import Resilience
import Testing
import Transport
import Venues

@testable import Collector

@Suite("The families of the metrics page")
struct MetricsPageTests {
    private static func book(_ segment: SegmentID, _ counts: BookCounts) -> LoopSummary.Book {
        LoopSummary.Book(
            instrument: Instrument(
                venue: segment.venue, segment: segment.name, market: .spot, symbol: "BTC-USDT",
                venueSymbol: "BTC-USDT", base: "BTC", quote: "USDT", contract: .spot, unit: .base),
            state: .live, counts: counts, reseeds: 1, trustedDepth: 0, bytes: 0, levels: 0, kept: 0,
            trades: TradeSequence(), quotes: QuoteSequence())
    }

    private static func value(_ families: [MetricFamily], _ name: String, _ labels: [String: String]) -> MetricValue? {
        families.first { $0.name == name }?.samples
            .first { Dictionary($0.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) == labels }?.value
    }

    @Test("Resets, checksums and updates before a snapshot are counted by section")
    func books() {
        var counts = BookCounts()
        counts.resets = 2
        counts.beforeSnapshot = 3
        counts.checksums = 50
        counts.checksumFailures = 4
        let (spot, swap) = (OKXSegment.spot.id, OKXSegment.swap.id)
        let families = MetricsPage.books(
            [Self.book(spot, counts), Self.book(spot, counts), Self.book(swap, BookCounts())], of: [spot, swap])
        for (name, outcome, count) in [
            ("sluice_book_updates_total", "reset", 4), ("sluice_book_updates_total", "before_snapshot", 6),
            ("sluice_book_checksums_total", "compared", 100), ("sluice_book_checksums_total", "failed", 8),
        ] {
            let labels = ["venue": "okx", "segment": "spot", "outcome": outcome]
            #expect(Self.value(families, name, labels) == .integer(count), "\(outcome)")
            #expect(Self.value(families, name, labels.merging(["segment": "swap"]) { $1 }) == .integer(0), "\(outcome)")
        }
    }

    @Test("Audits are counted by section and outcome, and the last comparison has an age")
    func audits() {
        let (spot, swap) = (OKXSegment.spot.id, OKXSegment.swap.id)
        var counts = AuditCounts.Counts()
        counts.add(.equal, levels: 800, at: 5_000_000)
        counts.add(.mismatched, levels: 700, at: 6_000_000)
        counts.add(.notAligned, levels: 0, at: 7_000_000)
        #expect(counts.compared == 2)
        let families = MetricsPage.audits([(spot, counts), (swap, AuditCounts.Counts())], at: 8_500_000)
        let labels = ["venue": "okx", "segment": "spot"]
        for (outcome, count) in [("equal", 1), ("mismatched", 1), ("not_aligned", 1), ("failed", 0), ("abandoned", 0)] {
            let named = labels.merging(["outcome": outcome]) { $1 }
            #expect(Self.value(families, "sluice_book_audits_total", named) == .integer(count), "\(outcome)")
        }
        #expect(Self.value(families, "sluice_book_audit_levels_total", labels) == .integer(1_500))
        #expect(Self.value(families, "sluice_book_audit_age_seconds", labels) == .decimal(2.5))
        let other = labels.merging(["segment": "swap"]) { $1 }
        #expect(Self.value(families, "sluice_book_audit_age_seconds", other) == nil)
        #expect(Self.value(families, "sluice_book_audit_levels_total", other) == .integer(0))
    }

    @Test("Windows are named by their length")
    func windows() {
        for (length, label) in [
            (Duration.seconds(60), "60s"), (.seconds(2), "2s"), (.milliseconds(2_500), "2500ms"),
            (.milliseconds(400), "400ms"), (.seconds(86_400), "86400s"),
        ] {
            #expect(RateWindow(.weight, limit: 1, per: length).label == label)
        }
    }

    @Test("No scope of the catalog has two windows of one name", arguments: VenueCatalog.all.map(\.id))
    func scopes(_ id: VenueID) throws {
        let venue = try #require(VenueCatalog.venue(id))
        for percent in [80, 100, 37] {
            var limits = VenueLimits(venue.limits)
            limits.usePercent = percent
            for (scope, limits) in venue.scopes(limits: limits) {
                let names = limits.windows.map { "\($0.meter) \($0.label)" }
                #expect(Set(names).count == names.count, "\(scope): \(names)")
            }
        }
    }
}
