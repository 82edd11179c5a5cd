import Testing

@testable import Collector

@Suite("The history of the resident set")
struct ResidentHistoryTests {
    @Test("One sample a minute is kept for an hour, and growth is told against the oldest and the first")
    func growth() {
        var history = ResidentHistory()
        #expect(history.sinceStart(500) == 0 && history.sinceHour(500) == 0)
        for second in Int64(0)..<3_600 { history.note(1_000 + Int(second), at: second * 1_000_000) }
        #expect(history.samples.count == 60 && history.samples.first == 1_000 && history.samples.last == 4_540)
        #expect(history.sinceStart(9_000) == 8_000)
        history.note(5_000, at: 3_600_000_000)
        #expect(history.samples.count == 60)
        #expect(history.sinceHour(9_000) == 9_000 - 1_060)
        #expect(history.sinceStart(9_000) == 8_000)
    }
}
