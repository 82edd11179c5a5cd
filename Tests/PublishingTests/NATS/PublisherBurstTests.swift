import Glibc
import Testing

@testable import Publishing

@Suite("A publisher without a spool", .timeLimit(.minutes(2)))
struct PublisherBurstTests {
    @Test("A burst that fills the ring costs nothing while the server takes messages: the producer waits for room")
    func burst() async throws {
        let fixture = try await PublishFixture(limits: QueueLimits(bytes: 1 << 20, messages: 1024))
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().isConnected })
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<20_000)
        #expect(try await PublishFixture.wait(30) { fixture.publisher.cut(.log).confirmed == 20_000 })
        let counts = fixture.queue.log.counts(of: .trade)
        #expect(counts[.queueFull] == 0 && counts.produced == 20_000)
        _ = await fixture.finish()
    }
}
