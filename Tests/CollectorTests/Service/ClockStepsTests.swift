import Testing

@testable import Collector

@Suite("A clock that is set")
struct ClockStepsTests {
    @Test("A step is told once, with its sign; time that passes and slow corrections are none")
    func steps() {
        var clock = ClockSteps()
        var wall: Int64 = 1_700_000_000_000_000
        var told: [Int64] = []
        for tick in Int64(0)..<400 {
            wall += 100_000 + (tick % 2 == 0 ? 500 : -300)
            if tick == 100 { wall += 60_000_000 }
            if tick == 200 { wall -= 3_600_000_000 }
            let step = clock.look(wall: wall, steady: tick * 100_000)
            if step != 0 { told.append(step) }
        }
        #expect(told.count == 2)
        #expect(told.first.map { abs($0 - 60_000_000) < 1_000 } == true)
        #expect(told.last.map { abs($0 + 3_600_000_000) < 1_000 } == true)
    }

    @Test("A pause of the whole process is no step")
    func pause() {
        var clock = ClockSteps()
        _ = clock.look(wall: 1_000, steady: 0)
        let step = clock.look(wall: 30_001_000, steady: 30_000_000)
        #expect(step == 0)
    }
}
