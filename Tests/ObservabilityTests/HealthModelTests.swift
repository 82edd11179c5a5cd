import Testing

@testable import Observability

@Suite("The health model")
struct HealthModelTests {
    private let model = HealthModel(confirmPatience: .seconds(30), loopPatience: .seconds(10), booksLive: 0.9)

    private static func good() -> HealthInput {
        HealthInput(
            uptime: .seconds(100),
            feeds: [HealthInput.Feed(name: "spot trades", dataAge: .seconds(5), patience: .seconds(5))],
            books: HealthInput.Books(live: 8, refreshing: 1, broken: 1, stopped: 50),
            loops: [HealthInput.Loop(name: "loop-0", tickAge: .seconds(10))],
            nats: HealthInput.NATS(connected: true, confirmedAge: .seconds(30), awaiting: 9))
    }

    private func reasons(_ change: (inout HealthInput) -> Void) -> [HealthReason] {
        var input = Self.good()
        change(&input)
        return self.model.assess(input).reasons
    }

    @Test("Figures at the edge of patience are good")
    func good() {
        let report = self.model.assess(Self.good())
        #expect(report.reasons.isEmpty)
        #expect(report.ready && report.healthy)
        #expect(report.readyzPage.status == 200)
    }

    @Test("A feed is judged by the age of its data")
    func feeds() {
        #expect(
            self.reasons { $0.feeds[0].dataAge = .milliseconds(5001) }
                == [.feedSilent(name: "spot trades", age: .milliseconds(5001), patience: .seconds(5))])
        #expect(
            self.reasons { $0.feeds[0].dataAge = nil }
                == [.feedWithoutData(name: "spot trades", uptime: .seconds(100))])
        #expect(self.reasons { $0.feeds = [] } == [.noFeeds])
    }

    @Test("Books must be live up to the share asked for, stopped ones aside")
    func books() {
        #expect(
            self.reasons {
                $0.books.waiting = 1
                $0.books.notLive = (0..<30).map { "b\($0)" }
            } == [.booksNotLive(live: 9, waiting: 1, broken: 1, names: (0..<20).map { "b\($0)" })])
        #expect(self.reasons { $0.books = HealthInput.Books(stopped: 3) } == [])
        let unconfirmed = HealthInput.Books(live: 8, unconfirmed: 1, unconfirmedNames: ["a"])
        #expect(self.reasons { $0.books = unconfirmed } == [.booksUnconfirmed(count: 1, names: ["a"])])
    }

    @Test("Instruments that the venue does not list make it unready, all of them counted and the first ones named")
    func missingInstruments() {
        let names = (0..<30).map { "spot S\($0)" }
        let reasons = self.reasons { $0.missingInstruments = names }
        #expect(reasons == [.instrumentsMissing(count: 30, names: Array(names.prefix(20)))])
        #expect(reasons.allSatisfy { !$0.needsRestart })
    }

    @Test("NATS must be connected, and confirm while something waits for it")
    func nats() {
        #expect(self.reasons { $0.nats.connected = false } == [.natsDisconnected])
        #expect(
            self.reasons { $0.nats.confirmedAge = .seconds(31) } == [.natsSilent(age: .seconds(31), awaiting: 9)])
        #expect(self.reasons { $0.nats.confirmedAge = nil } == [.natsSilent(age: .seconds(100), awaiting: 9)])
        #expect(
            self.reasons {
                $0.nats.confirmedAge = .seconds(3100)
                $0.nats.awaiting = 0
            } == [])
        #expect(self.reasons { $0.nats.streamProblem = "no stream" } == [.streamProblem("no stream")])
    }

    @Test("A clock outside its range is a note: nothing becomes unready by it")
    func clocks() {
        var input = Self.good()
        input.books.stopped = 0
        input.clocks = [
            HealthInput.Clock(name: "at the edges", offset: .milliseconds(-50)),
            HealthInput.Clock(name: "late", offset: .seconds(1)),
        ]
        #expect(self.model.assess(input).notes.isEmpty)
        input.clocks[0].offset -= .milliseconds(1)
        input.clocks[1].offset += .milliseconds(1)
        let report = self.model.assess(input)
        #expect(
            report.notes == [
                .clockApart(name: "at the edges", offset: .milliseconds(-51)),
                .clockApart(name: "late", offset: .milliseconds(1001)),
            ])
        #expect(report.ready)
        let page = String(decoding: report.readyzPage.body, as: UTF8.self)
        #expect(
            page.contains(
                #"{"code":"clock_apart","text":"our clock is at least 0.051 s behind that of at the edges","#
                    + #""name":"at the edges","offset_ms":-51}"#))
    }

    @Test("Books that ended are a note, unless everything ends")
    func stopped() {
        var input = Self.good()
        input.books.ended = ["spot:X"]
        #expect(self.model.assess(input).notes == [.booksStopped(count: 50, names: ["spot:X"])])
        input.stopping = true
        #expect(self.model.assess(input).notes.isEmpty)
    }

    @Test("Streams that stay silent are a note that names the first of them")
    func silentStreams() {
        var input = Self.good()
        input.books.stopped = 0
        input.silentStreams = (0..<30).map { "s\($0)" }
        let report = self.model.assess(input)
        #expect(report.notes == [.streamsSilent(count: 30, names: (0..<20).map { "s\($0)" })])
        #expect(report.ready)
    }

    @Test("Streams that the venue refuses make it unready, all of them counted and the first ones named")
    func refusedStreams() {
        let names = (0..<30).map { "okx-spot-0 trades:S\($0)" }
        let reasons = self.reasons { $0.refusedStreams = names }
        #expect(reasons == [.streamsRefused(count: 30, names: Array(names.prefix(20)))])
        #expect(reasons.allSatisfy { !$0.needsRestart })
    }

    @Test(
        "Reasons are told in words",
        arguments: [
            (
                HealthReason.feedSilent(name: "f", age: .milliseconds(7250), patience: .seconds(5)),
                "f has had no data for 7.25 s, more than 5 s"
            ),
            (
                .booksNotLive(live: 4, waiting: 1, broken: 1, names: ["a", "b"]),
                "1 books wait for a snapshot and 1 are broken, 4 are live: a, b"
            ),
            (
                .instrumentsMissing(count: 2, names: ["spot A", "usdm B"]),
                "2 instruments are not collected, the venue does not list them: spot A, usdm B"
            ),
            (
                .streamsRefused(count: 2, names: ["c a", "c b"]),
                "2 streams are not collected, the venue refused them: c a, c b"
            ),
            (
                .booksUnconfirmed(count: 2, names: ["spot A", "usdm B"]),
                "2 books have had no update since their snapshot: spot A, usdm B"
            ),
            (
                .natsSilent(age: .seconds(31), awaiting: 9),
                "NATS has confirmed nothing for 31 s while 9 messages wait"
            ),
        ])
    func words(_ reason: HealthReason, _ text: String) {
        #expect(reason.text == text)
    }

    @Test("Figures without news age: silence and a stuck loop show by themselves")
    func aging() {
        let later = Self.good().aged(by: .seconds(1))
        let reasons = self.model.assess(later).reasons
        #expect(reasons.contains(.loopStuck(name: "loop-0", age: .seconds(11))))
        #expect(reasons.contains(.feedSilent(name: "spot trades", age: .seconds(6), patience: .seconds(5))))
        #expect(reasons.contains(.natsSilent(age: .seconds(31), awaiting: 9)))
        #expect(later.uptime == .seconds(101))
    }

    @Test("Only a stuck loop asks for a restart; the rest is told as not ready")
    func restart() {
        var input = Self.good()
        input.stopping = true
        input.nats.connected = false
        input.feeds[0].dataAge = nil
        #expect(self.model.assess(input).healthy)
        #expect(!self.model.assess(input).ready)
        input.loops[0].tickAge = .seconds(11)
        let report = self.model.assess(input)
        #expect(!report.healthy)
        #expect(report.reasons.first == .loopStuck(name: "loop-0", age: .seconds(11)))
        #expect(report.reasons.count == 4)
    }

    @Test("The pages say status and reasons as JSON")
    func pages() {
        var input = Self.good()
        input.books.stopped = 0
        input.feeds[0].dataAge = .milliseconds(7250)
        let report = self.model.assess(input)
        #expect(report.readyzPage.status == 503)
        #expect(
            String(decoding: report.readyzPage.body, as: UTF8.self) == """
                {"status":"failing","uptime_s":100,"reasons":[{"code":"feed_silent",\
                "text":"spot trades has had no data for 7.25 s, more than 5 s","name":"spot trades",\
                "age_ms":7250,"patience_ms":5000}],"reasons_not_shown":0,"notes":[]}
                """)
        #expect(
            String(decoding: report.healthzPage.body, as: UTF8.self)
                == #"{"status":"ok","uptime_s":100,"reasons":[],"reasons_not_shown":0,"notes":[]}"#)
    }

    @Test("A page is bounded whatever the number of reasons")
    func bounded() {
        var input = Self.good()
        input.books.stopped = 0
        input.feeds = (0..<1000).map { number in
            HealthInput.Feed(name: "f\(number)", dataAge: nil, patience: .seconds(1))
        }
        let page = String(decoding: self.model.assess(input).readyzPage.body, as: UTF8.self)
        #expect(page.hasSuffix(#""reasons_not_shown":950,"notes":[]}"#))
    }
}
