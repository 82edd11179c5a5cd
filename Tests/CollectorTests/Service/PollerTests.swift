import MarketModel
import Testing
import Venues

@testable import Collector

@Suite("Questions at intervals")
struct PollerTests {
    @Test("Questions that wait for one budget hold up none that draw on another")
    func budgets() throws {
        let segment = SegmentID(OKX.id, "swap")
        func poll(_ number: Int, _ scope: String) -> VenuePoll {
            VenuePoll(
                type: .topPositionRatio, symbol: "S\(number)", question: .openInterest,
                request: VenueRequest(segment, path: "/\(number)", costs: [.init(scope, 1)]))
        }
        let poller = Poller(segment)
        let crowd = (0..<40).map { poll($0, "crowded") }
        poller.update(crowd.map { ($0, .zero) })
        let first = poller.takeDue()
        #expect(first.count == 4 && Set(first).count == 4)
        // Those that came first are longer due.
        poller.update((crowd + [poll(99, "idle")]).map { ($0, .zero) })
        #expect(poller.takeDue() == [poll(99, "idle")])
        #expect(poller.takeDue().isEmpty)
    }
}
