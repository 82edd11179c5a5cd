import Foundation
import Glibc
import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("Publishing the past in a process that is killed")
struct HistoryKillTests {
    private static let rows: ClosedRange<UInt64> = 1...60_000
    private static let server = "SLUICE_TEST_HISTORY_SERVER"
    private static let begun = "SLUICE_TEST_HISTORY_BEGUN"

    private static func makePublisher(_ url: String) -> HistoryPublisher {
        var configuration = HistoryPublisherConfiguration(
            connection: NATSConnectionOptions(addresses: [url]), subjects: Subjects(), instance: "test", boot: "b")
        // So short that only what is read keeps rows from being stored twice.
        configuration.stream.dedupeWindow = .milliseconds(100)
        return HistoryPublisher(configuration)
    }

    private static func publish(_ url: String, begun: Int64) async throws -> HistoryPublication.Counts {
        let publisher = Self.makePublisher(url)
        let publication = try await publisher.open(
            HistoryRig.instrument, HistoryRig.trade, rangeMilliseconds: 0..<1, begunMicroseconds: begun)
        let (events, frame) = HistoryRig.trades(Self.rows, at: 0)
        try await publication.write(events, frame: frame, scales: DecimalScales(), receivedMicroseconds: 1)
        let counts = try await publication.finish()
        await publisher.close()
        return counts
    }

    /// What the test below starts as a process of its own.
    @Test(
        "A process publishes until it is killed",
        .enabled(if: ProcessInfo.processInfo.environment[Self.server] != nil, "only in a process of the next test"))
    func child() async throws {
        let environment = ProcessInfo.processInfo.environment
        let begun = try #require(environment[Self.begun].flatMap { Int64($0) })
        _ = try await Self.publish(try #require(environment[Self.server]), begun: begun)
    }

    @Test("Killed at any point, again and again, each row is there once in the end")
    func killed() async throws {
        var random = SeededGenerator(seed: 21)
        let rig = try await HistoryRig()
        let begun = PublishClock.wall()
        let reader = try StreamReader(connecting: NATSConnectionOptions(addresses: [rig.server.url]))
        var stored: UInt64 = 0
        for round in 0..<6 {
            let target = stored + UInt64.random(in: 1...3_000, using: &random)
            let child = try self.start(rig.server.url, begun: begun)
            let isThere = try await PublishFixture.wait(30) {
                ((try? reader.lastSequence(of: "HISTORY")) ?? nil).map { $0 >= target } ?? false
            }
            kill(child.processIdentifier, SIGKILL)
            child.waitUntilExit()
            #expect(isThere && child.terminationReason == .uncaughtSignal, "round \(round)")
            try await rig.waitForQuiet()
            let ids = try rig.ids()
            #expect(Set(ids).count == ids.count)
            stored = UInt64(ids.count)
        }
        #expect(stored < Self.rows.upperBound)
        let counts = try await Self.publish(rig.server.url, begun: begun)
        #expect(counts.skipped == stored && counts.published == Self.rows.upperBound - stored)
        #expect(try rig.ids() == Array(Self.rows))
        await rig.server.stop()
    }

    private func start(_ url: String, begun: Int64) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--testing-library", "swift-testing", "--filter", "HistoryKillTests/child"]
        process.environment = ProcessInfo.processInfo.environment.merging(
            [Self.server: url, Self.begun: "\(begun)"]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
