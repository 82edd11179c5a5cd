import Collector
import Foundation
import Testing

@Suite("Replay of recorded traffic", .enabled(if: Recordings.areThere, "the recordings are not beside the package"))
struct ReplayTests {
    private static func replay(depth: Int?, report: Bool) throws -> ReplayResult {
        let folder = try #require(Recordings.folder)
        return try Replay.play(
            path: folder + "/binance-smoke.ndjson.gz", depth: depth, repetitions: 1, makesReport: report)
    }

    @Test("Every book, count and digest equals the independent reference's")
    func equalsReference() throws {
        let folder = try #require(Recordings.folder)
        let result = try Self.replay(depth: nil, report: true)
        let report = try #require(result.report)
        let found = try #require(try JSONSerialization.jsonObject(with: Data(report.utf8)) as? NSDictionary)
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/binance-smoke.expected.json"))
        let expected = try #require(try JSONSerialization.jsonObject(with: data) as? NSDictionary)
        let instruments = try #require(expected["instruments"] as? NSDictionary)
        let ours = try #require(found["instruments"] as? NSDictionary)
        #expect(ours.count == instruments.count)
        for (key, value) in instruments {
            #expect(ours[key] as? NSDictionary == value as? NSDictionary, "\(key)")
        }
        #expect(found["total"] as? NSDictionary == expected["total"] as? NSDictionary)
    }

    @Test("With the default cap and no refresh the views are complete in at least 92% of frames")
    func capped() throws {
        let result = try Self.replay(depth: 100, report: false)
        #expect(result.gaps == 0 && result.applied > 10_000)
        #expect(result.trusted * 100 >= result.applied * 92)
        #expect(result.messages > 10_000)
    }
}
