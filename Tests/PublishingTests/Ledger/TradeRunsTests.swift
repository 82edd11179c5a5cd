import Testing

@testable import Publishing

@Suite("Runs of trade ids")
struct TradeRunsTests {
    @Test("Ids that follow one another are one run, in whatever order they come")
    func joins() {
        var runs = TradeRuns()
        for id: UInt64 in [5, 6, 8, 7, 20, 6] { runs.insert(id) }
        #expect(runs.runs == [5...8, 20...20])
        #expect(runs.last == 20)
    }

    @Test("The greatest id there is follows the one before it")
    func greatest() {
        var runs = TradeRuns(.max - 1 ... .max - 1)
        runs.insert(.max)
        runs.insert(0)
        #expect(runs.runs == [0...0, .max - 1 ... .max])
        #expect(runs.missing(in: .max - 2 ... .max) == [.max - 2 ... .max - 2])
    }

    @Test("What is missing of a range are the pieces between the runs")
    func missing() {
        var runs = TradeRuns(10...12)
        runs.insert(TradeRuns(15...20))
        #expect(runs.missing(in: 8...30) == [8...9, 13...14, 21...30])
        #expect(runs.missing(in: 11...12) == [])
        #expect(runs.missing(in: 12...15) == [13...14])
        #expect(runs.missing(in: 1...3) == [1...3])
        #expect(runs.missing(in: 16...21) == [21...21])
    }

    @Test("Too many runs forget the oldest")
    func bounded() {
        var runs = TradeRuns()
        for id in 0..<UInt64(TradeRuns.most + 3) { runs.insert(id * 2) }
        #expect(runs.runs.count == TradeRuns.most)
        #expect(runs.runs.first == 6...6)
    }
}
