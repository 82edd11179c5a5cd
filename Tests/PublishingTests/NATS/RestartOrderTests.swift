import Testing

@testable import Publishing

@Suite("The publisher after a restart, on a real server", .serialized)
struct RestartOrderTests {
    @Test("What an earlier process left in the spool comes before anything new of its subjects")
    func earlierComesFirst() async throws {
        let directory = try PublishFixture.temporaryDirectory()
        let first = try await PublishFixture(start: false) { configuration in
            configuration.spool = SpoolConfiguration(directory: directory, bytes: 64 << 20)
        }
        first.produce(.trade, symbol: "BTC-USDT", numbers: 1..<10_001)
        let report = await first.finish(deadline: .milliseconds(100))
        #expect(report.left == 0 && report.total.spooled == 10_000)

        let second = try await PublishFixture { configuration in
            configuration.spool = SpoolConfiguration(directory: directory, bytes: 64 << 20)
        }
        let subscriber = try second.subscribe("md.trade.>")
        second.produce(.trade, symbol: "BTC-USDT", numbers: 10_001..<12_001)
        #expect(try await PublishFixture.wait { second.publisher.cut().confirmed == 12_000 })
        subscriber.close()
        var numbers: [Int] = []
        for await message in subscriber.messages {
            numbers.append(Int(String(decoding: message.payload, as: UTF8.self)) ?? -1)
        }
        // The subscriber may have come late to the first of them.
        #expect(numbers.count >= 2_000 && numbers == Array(12_001 - numbers.count..<12_001))
        #expect(await second.finish().left == 0)
    }
}
