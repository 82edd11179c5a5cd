import Foundation
import Testing

@Suite("Chaos, in its short form", .serialized)
struct ChaosTests {
    /// What is loaded before a sanitizer's runtime keeps that from starting, and a minute would be ten.
    private static let isSanitized = ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains {
        ProcessInfo.processInfo.environment[$0] != nil
    }

    /// `make chaos` shows the same for minutes; here every kind of fault comes once, within a minute.
    @Test(
        "After every kind of fault once, each trade is stored once or on the ledger, and live books are the exchange's",
        .disabled(if: Self.isSanitized))
    func brief() async throws {
        let child = try ChildProcess(
            TestPaths.python,
            [TestPaths.root + "/scripts/chaos", "--brief", "1", "--seed", "7", "--sluice", TestPaths.sluice],
            in: NSTemporaryDirectory())
        let result = try await child.result(atMost: .seconds(400))
        let failures = result.output.split(separator: "\n").filter { $0.hasPrefix("FAILS") }
        #expect(result.status == 0 && failures.isEmpty, "\(result.output.suffix(6_000)) \(result.errors.suffix(1_500))")
        // What it would not claim if it had ended early, or had found nothing to compare.
        for claim in [
            "every loss of trades is closed", "no trade is in the stream twice", "every other trade is on the ledger",
            "books that claim to be live are the exchange's", "the collector stops with exit code 0",
        ] {
            #expect(result.output.contains("holds  \(claim)"), "not claimed: \(claim)")
        }
    }
}
