import MarketModel
import Testing

@testable import Venues

@Suite("The venues' time of day")
struct VenueClockTests {
    @Test(
        "Each venue is asked where it tells it, and its answer read",
        arguments: [
            ("binance", "/time", #"{"serverTime":1772800000123}"#),
            ("okx", "/api/v5/public/time", #"{"code":"0","msg":"","data":[{"ts":"1772800000123"}]}"#),
            ("deribit", "/api/v2/public/get_time", #"{"jsonrpc":"2.0","result":1772800000123,"usIn":1,"usOut":2}"#),
        ])
    func time(_ name: String, _ path: String, _ answer: String) throws {
        let venue = try #require(VenueCatalog.all.first { $0.id.name == name })
        for segment in venue.segments {
            let request = venue.timeRequest(in: segment)
            #expect(request.path.hasSuffix(path))
            let scopes = venue.scopes(limits: VenueLimits(venue.limits))
            #expect(!request.costs.isEmpty && request.costs.allSatisfy { scopes[$0.scope] != nil })
        }
        #expect(try venue.serverTime(Array(answer.utf8)) == 1_772_800_000_123)
        for wrong in ["", "{}", "<html>", #"{"code":"50011","data":[]}"#, #"{"result":"soon"}"#] {
            #expect(throws: UnreadableAnswer.self) { try venue.serverTime(Array(wrong.utf8)) }
        }
    }
}
