import Testing

@testable import Observability

@Suite("The log sampler")
struct LogSamplerTests {
    @Test("The first few of a period pass; the next period tells how many did not")
    func bursts() {
        var sampler = LogSampler(burst: 2, period: .seconds(60))
        #expect(sampler.sample("a", now: .seconds(1)) == .log(suppressed: 0))
        #expect(sampler.sample("a", now: .seconds(2)) == .log(suppressed: 0))
        for second in 3..<10 { #expect(sampler.sample("a", now: .seconds(second)) == .suppress) }
        #expect(sampler.sample("b", now: .seconds(10)) == .log(suppressed: 0))
        #expect(sampler.sample("a", now: .milliseconds(60_999)) == .suppress)
        #expect(sampler.sample("a", now: .seconds(61)) == .log(suppressed: 8))
        #expect(sampler.sample("a", now: .seconds(62)) == .log(suppressed: 0))
        #expect(sampler.suppressed == 8)
    }

    @Test("Keys are bounded: what is over is forgotten, then strangers share one")
    func bounded() {
        var sampler = LogSampler(burst: 1, period: .seconds(60), keysMaximum: 3)
        for number in 0..<1000 { _ = sampler.sample("key \(number)", now: .seconds(1)) }
        #expect(sampler.keys == 4)
        #expect(sampler.suppressed == 996)
        #expect(sampler.sample("key 0", now: .seconds(2)) == .suppress)
        #expect(sampler.sample("late", now: .seconds(61)) == .log(suppressed: 0))
        #expect(sampler.keys == 1)
        #expect(sampler.sample("key 0", now: .seconds(61)) == .log(suppressed: 0))
    }
}
