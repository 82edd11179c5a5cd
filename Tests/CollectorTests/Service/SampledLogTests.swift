import Logging
import Synchronization
import Testing
import Venues

@testable import Collector

@Suite("The sampled log")
struct SampledLogTests {
    /// Keeps what is logged.
    private final class Lines: Sendable {
        let value = Mutex<[String]>([])
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = "\(event.level) \(event.message) \((event.metadata ?? [:]).sorted { $0.key < $1.key })"
            self.lines.value.withLock { $0.append(text) }
        }
    }

    private static func log() -> (SampledLog, Lines) {
        let lines = Lines()
        return (SampledLog(Logger(label: "test") { _ in Handler(lines: lines) }), lines)
    }

    @Test("A storm is cut after a few lines, and the next line says how many were left out")
    func storm() {
        let (log, lines) = Self.log()
        for second in 0..<50 { log.tell("lost", about: "a", now: .milliseconds(second)) }
        #expect(lines.value.withLock { $0.count } == 5)
        #expect(log.suppressed == 45)
        log.tell("lost", about: "b", now: .seconds(1))
        #expect(lines.value.withLock { $0.count } == 6)
        log.tell("lost", about: "a", now: .seconds(61))
        #expect(lines.value.withLock { $0.last?.contains("45") } == true)
        #expect(log.keys == 2)
    }

    @Test("Clocks apart are warned of by segment; clocks together are not")
    func clocks() {
        let (log, lines) = Self.log()
        let warnings = ServiceWarnings(log)
        var behind = SegmentLatency(segment: BinanceSegment.spot.id)
        behind.recent = [-60_000, -55_000, -70_000]
        var late = SegmentLatency(segment: BinanceSegment.usdm.id)
        late.recent = [1_500_000]
        var right = SegmentLatency(segment: BinanceSegment.coinm.id)
        right.recent = [4_000, 900_000, -40_000]
        warnings.look(at: [behind, late, right])
        let told = lines.value.withLock { $0 }
        #expect(told.count == 2)
        #expect(told.first?.contains("-60000") == true && told.first?.contains("spot") == true)
        #expect(told.last?.contains("1500000") == true && told.last?.contains("usdm") == true)
    }
}
