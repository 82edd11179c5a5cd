import Publishing
import Testing

@testable import Collector

@Suite("What the streams held of the places with missing trades")
struct StoredAnswersTests {
    private static func hole(_ symbol: String, since: Int64 = 1_000_000_000) -> TradeHole {
        TradeHole(
            id: symbol, subject: GapSubject(venue: "binance", market: "spot", symbol: symbol), ids: [5...9],
            sinceMicroseconds: since)
    }

    @Test("All places are asked for at once, once, from a minute before their holes")
    func once() {
        let answers = StoredAnswers(duplicateWindow: 120_000_000)
        let holes = [Self.hole("A"), Self.hole("B", since: 2_000_000_000), Self.hole("A", since: 900_000_000)]
        let asked = answers.ask(holes, at: 0)
        #expect(asked?.map(\.subject.symbol) == ["A", "B"])
        #expect(asked?.map(\.sinceMicroseconds) == [840_000_000, 1_940_000_000])
        #expect(answers.ask(holes, at: 10_000_000) == nil)
        #expect(answers.known(at: 10_000_000).isEmpty)
        answers.answered(holes.prefix(2).map(\.subject), [TradeRuns(5...6), TradeRuns()], askedAt: 0)
        #expect(answers.known(at: 20_000_000).count == 2)
        #expect(answers.runs(of: holes[0].subject).contains(6))
        #expect(answers.ask(holes, at: 20_000_000) == nil)
    }

    @Test("An answer serves no longer than the stream knows ids, and a place that comes later is asked for alone")
    func expires() {
        let answers = StoredAnswers(duplicateWindow: 120_000_000)
        let holes = [Self.hole("A")]
        _ = answers.ask(holes, at: 0)
        answers.answered(holes.map(\.subject), [TradeRuns()], askedAt: 0)
        #expect(answers.known(at: 96_000_000).count == 1)
        #expect(answers.known(at: 96_000_001).isEmpty)
        #expect(answers.ask(holes + [Self.hole("B")], at: 1_000_000)?.map(\.subject.symbol) == ["B"])
        answers.answered([Self.hole("B").subject], [TradeRuns()], askedAt: 1_000_000)
        #expect(answers.ask(holes, at: 96_000_001)?.map(\.subject.symbol) == ["A"])
    }

    @Test("A hole that begins before what was read is asked for anew, and not looked for until then")
    func earlier() {
        let answers = StoredAnswers(duplicateWindow: 120_000_000)
        let later = [Self.hole("A", since: 2_000_000_000)]
        _ = answers.ask(later, at: 0)
        answers.answered(later.map(\.subject), [TradeRuns()], askedAt: 0)
        #expect(answers.known(at: 1_000_000).count == 1)
        let both = later + [Self.hole("A", since: 1_500_000_000)]
        #expect(answers.ask(both, at: 1_000_000)?.map(\.sinceMicroseconds) == [1_440_000_000])
        #expect(answers.known(at: 1_000_000).isEmpty)
        answers.answered(later.map(\.subject), [TradeRuns()], askedAt: 1_000_000)
        #expect(answers.known(at: 1_000_000).count == 1)
        #expect(answers.ask(both, at: 2_000_000) == nil)
    }

    @Test("A place that was not answered is asked for again after a pause, and one without holes is forgotten")
    func failures() {
        let answers = StoredAnswers(duplicateWindow: 100_000)
        let holes = [Self.hole("A"), Self.hole("B")]
        _ = answers.ask(holes, at: 0)
        answers.answered(holes.map(\.subject), [TradeRuns(), nil], askedAt: 0)
        #expect(answers.known(at: 1).map(\.symbol) == ["A"])
        #expect(answers.ask(holes, at: 1_999_999) == nil)
        #expect(answers.ask([holes[1]], at: 2_000_000)?.map(\.subject.symbol) == ["B"])
        #expect(answers.known(at: 2_000_000).isEmpty)
    }
}
