import MarketModel
import Testing
import Venues

@testable import Collector

/// What every section of every venue of the catalog must do, checked by the same tests with the section's own frames.
@Suite("Conformance of every venue", .timeLimit(.minutes(5)))
struct ConformanceTests {
    static let sections = VenueCatalog.segments.map(\.id)
    static let withBooks = VenueCatalog.segments.filter { $0.offer(of: .orderbook).isOffered }.map(\.id)

    /// Reports each problem by itself.
    static func report(_ problems: [String], _ section: SegmentID) {
        for problem in problems { Issue.record("\(section): \(problem)") }
    }

    @Test("A section has a fixture for everything it says and offers", arguments: Self.sections)
    func fixtures(_ id: SegmentID) throws {
        let section = try ConformanceSection(id)
        let missing = ConformanceNeeds.missing(in: section.fixture, of: section.segment, section.venue)
        Self.report(missing.map { section.fixture.missing($0).description }, id)
    }

    @Test("A section that has no fixtures is told what to add")
    func missing() throws {
        let section = SegmentID(VenueID("nowhere"), "spot")
        let error = #expect(throws: ConformanceFixture.Missing.self) { try ConformanceFixture(of: section) }
        let text = try #require(error?.description)
        #expect(text.contains("Fixtures/Conformance/nowhere/spot.frames") && text.contains("book.gap"))
    }
}
