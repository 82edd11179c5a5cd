import Observability
import Testing

@testable import Publishing

@Suite("Latencies to the confirmation")
struct ConfirmLatenciesTests {
    @Test("They are told by mode and source, without those that nothing came of; sources are bounded")
    func bySource() {
        let latencies = ConfirmLatencies()
        latencies.record(microseconds: 100, mode: .core, source: 0)
        latencies.record(microseconds: 200, mode: .core, source: 7)
        latencies.record(microseconds: 300, mode: .jetstream, source: 1)
        latencies.record(microseconds: 400, mode: .core, source: 8)
        latencies.record(microseconds: 500, mode: .core, source: .max)
        let told = latencies.told.map { "\($0.mode) \($0.source): \($0.histogram.sum)" }
        #expect(told == ["core 0: 1000", "core 7: 200", "jetstream 1: 300"])
    }
}
