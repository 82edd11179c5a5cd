import Testing
import Venues

@Suite("The watch over a connection's streams")
struct StreamWatchTests {
    private static let second: Int64 = 1_000_000
    private static let limits = StreamWatch.Limits(firstData: 30 * second, least: 15 * second, most: 3_600 * second)

    /// Looks once a second from `start` to `end`, giving every step that is not `.none` with its second.
    private static func steps(
        _ watch: inout StreamWatch, from start: Int64, to end: Int64, frames: (_ stream: Int, _ second: Int64) -> UInt64
    ) -> [(second: Int64, step: StreamWatch.Step)] {
        var result: [(second: Int64, step: StreamWatch.Step)] = []
        for now in start...end {
            let step = watch.look(at: now * Self.second) { frames($0, now) }
            if step != .none { result.append((now, step)) }
        }
        return result
    }

    @Test("Streams with data are left alone, at any pace that is their own")
    func healthy() {
        var watch = StreamWatch(streams: 2, limits: Self.limits)
        watch.subscribed(at: 0)
        // One frame a second, and one every twenty: less often than the least patience.
        let steps = Self.steps(&watch, from: 1, to: 600) { stream, now in UInt64(stream == 0 ? now : now / 20) }
        #expect(steps.isEmpty && watch.withData == 2 && watch.silent.isEmpty)
    }

    @Test("A stream that never had data is asked for again at growing intervals, and never costs the socket")
    func neverAnyData() {
        var watch = StreamWatch(streams: 2, limits: Self.limits)
        watch.subscribed(at: 0)
        let steps = Self.steps(&watch, from: 1, to: 1_000) { stream, now in stream == 0 ? UInt64(now) : 0 }
        #expect(steps.allSatisfy { $0.step == .resubscribe([1]) })
        // 31 s, then twice the patience each time: 60, 120, 240, 480.
        #expect(steps.map(\.second) == [31, 92, 213, 454, 935])
        #expect(watch.silent == [1] && watch.withData == 1 && watch.resubscriptions == 5 && watch.replacements == 0)
    }

    @Test("A stream whose data may stay away for long is left alone for an hour, with data before or without")
    func sparse() {
        var watch = StreamWatch(limits: Self.limits)
        watch.add(isSparse: false, at: 0)
        watch.add(isSparse: true, at: 0)
        watch.add(isSparse: true, at: 0)
        watch.subscribed(at: 0)
        // A busy pair, an option that never traded, one that traded twice in its first minute.
        let steps = Self.steps(&watch, from: 1, to: 3_600) { stream, now in
            switch stream {
            case 0: UInt64(now)
            case 1: 0
            default: UInt64(min(now / 30, 2))
            }
        }
        #expect(steps.isEmpty && watch.silent.isEmpty, "\(steps)")
    }

    @Test("A stream that is given up is watched no more, one that joins has its own time")
    func changes() {
        var watch = StreamWatch(streams: 2, limits: Self.limits)
        watch.subscribed(at: 0)
        watch.remove(1)
        watch.add(isSparse: false, at: 100 * Self.second)
        let steps = Self.steps(&watch, from: 1, to: 140) { stream, now in stream == 0 ? UInt64(now) : 0 }
        #expect(steps.map(\.second) == [131] && steps.first?.step == .resubscribe([2]))
    }

    @Test("A stream that goes silent is asked for again, then costs its socket")
    func goesSilent() {
        var watch = StreamWatch(streams: 2, limits: Self.limits)
        watch.subscribed(at: 0)
        let steps = Self.steps(&watch, from: 1, to: 120) { stream, now in
            stream == 0 ? UInt64(now) : UInt64(min(now, 10))
        }
        // Its gaps were a second, so its patience is thirty of them; twice as long after the first step in vain.
        #expect(steps.first?.second == 41 && steps.first?.step == .resubscribe([1]))
        #expect(steps.dropFirst().first?.second == 102)
        #expect(steps.dropFirst().first?.step == .replaceSocket(stream: 1))
        #expect(watch.replacements == 1)
    }

    @Test("Data ends the silence: the next one is met from the first step")
    func recovers() {
        var watch = StreamWatch(streams: 1, limits: Self.limits)
        watch.subscribed(at: 0)
        let silence: (Int, Int64) -> UInt64 = { _, now in
            now <= 10 ? UInt64(now) : now < 50 ? 10 : now <= 60 ? UInt64(now) : 60
        }
        let steps = Self.steps(&watch, from: 1, to: 200, frames: silence)
        #expect(steps.map(\.step) == [.resubscribe([0]), .resubscribe([0])])
        #expect(watch.silent == [0] && watch.replacements == 0)
    }

    @Test("A new socket gives every stream its time again")
    func newSocket() {
        var watch = StreamWatch(streams: 1, limits: Self.limits)
        watch.subscribed(at: 0)
        _ = Self.steps(&watch, from: 1, to: 25) { _, now in UInt64(min(now, 5)) }
        watch.subscribed(at: 26 * Self.second)
        #expect(watch.withData == 0)
        let steps = Self.steps(&watch, from: 27, to: 55) { _, _ in 5 }
        #expect(steps.isEmpty)
    }
}
