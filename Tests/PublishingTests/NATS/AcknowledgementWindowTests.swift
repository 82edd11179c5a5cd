import Testing

@testable import Publishing

@Suite("The acknowledgement window")
struct AcknowledgementWindowTests {
    @Test("Messages leave in order, whatever the order of their acknowledgements")
    func outOfOrder() {
        var window = AcknowledgementWindow(limitMessages: 8, limitBytes: 1000)
        for _ in 0..<4 { window.sent(bytes: 10, at: 5) }
        let early = [window.settle(2), window.settle(1)]
        let none = window.takeSettled()
        let first = window.settle(0)
        let all = window.takeSettled()
        #expect(early == [true, true] && none == 0 && first && all == 3)
        #expect(window.inFlight == 1 && window.bytesInFlight == 10 && window.oldest == 3)
    }

    @Test("An acknowledgement counts once, and only for what is in flight")
    func once() {
        var window = AcknowledgementWindow(limitMessages: 8, limitBytes: 1000)
        window.sent(bytes: 10, at: 0)
        let answers = [window.settle(1), window.settle(0), window.settle(0)]
        let left = window.takeSettled()
        let late = window.settle(0)
        #expect(answers == [false, true, false] && left == 1 && !late)
    }

    @Test("Going back sends everything from the oldest again, acknowledged ones too, slowly at first")
    func goBack() {
        var window = AcknowledgementWindow(limitMessages: 4, limitBytes: 1000)
        for time in 0..<3 { window.sent(bytes: 10, at: Int64(time)) }
        let settled = window.settle(1)
        #expect(settled && window.oldestSentAt == 0)
        window.goBack(allowed: 1)
        #expect(window.next == 0 && window.inFlight == 0 && window.bytesInFlight == 0)
        let tooEarly = window.settle(1)
        #expect(!tooEarly, "what was acknowledged before is not, until it is sent again")
        window.sent(bytes: 10, at: 9)
        #expect(!window.hasRoom(for: 10))
        let again = window.settle(0)
        let left = window.takeSettled()
        #expect(again && left == 1 && window.allowed == 2)
    }

    @Test("Bytes bound the window, yet one message always fits")
    func bytes() {
        var window = AcknowledgementWindow(limitMessages: 100, limitBytes: 100)
        #expect(window.hasRoom(for: 5000))
        window.sent(bytes: 60, at: 0)
        #expect(window.hasRoom(for: 40))
        #expect(!window.hasRoom(for: 41))
    }

    @Test("Fences confirm what was sent before them, and those before them")
    func fences() throws {
        var fences = FenceLedger(lanes: 2)
        for number in 0..<3 { fences.sent(at: Int64(number)) { UInt64(number * 10 + $0) } }
        let returned = fences.returned(1)
        let slot = try #require(returned)
        #expect(fences.mark(slot, lane: 0) == 10 && fences.mark(slot, lane: 1) == 11)
        let older = fences.returned(0)
        #expect(older == nil, "an older one says nothing new")
        #expect(fences.oldestSentAt == 2)
        fences.removeAll()
        let gone = fences.returned(2)
        #expect(fences.isEmpty && gone == nil)
    }

    @Test(
        "A stream's answers are read as the server writes them",
        arguments: [
            (#"{"stream":"MD", "seq":17}"#, StreamAnswer.stored(stream: 11..<13, sequence: 17, isDuplicate: false)),
            (#"{"stream":"MD", "seq":3,"duplicate": true}"#, .stored(stream: 11..<13, sequence: 3, isDuplicate: true)),
            (
                #"{"stream":"MD","domain":"hub","seq":4,"duplicate":true}"#,
                .stored(stream: 11..<13, sequence: 4, isDuplicate: true)
            ),
            (
                #"{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"MD","seq":0}"#,
                .failed(code: 503, error: 10077)
            ),
            (#"{"stream":"MD","seq":99999999999999999999999}"#, .unreadable),
            (#"{"seq":"#, .unreadable), ("", .unreadable), ("+ACK", .unreadable),
        ])
    func answers(text: String, expected: StreamAnswer) {
        let answer = Array(text.utf8).withUnsafeBytes { StreamAnswer($0) }
        #expect(answer == expected)
    }

    @Test("What trying again cannot mend is dropped, the rest is tried again")
    func recovery() {
        #expect(PublishProblem(code: 400, error: 10054).reason == .tooLarge)
        #expect(PublishProblem(code: 400, error: 10060).reason == .refused)
        #expect(PublishProblem(code: 503, error: 10077) == .full)
        #expect(PublishProblem(code: 503, error: 10008) == .unavailable)
        #expect(PublishProblem(code: 503, error: 10077).reason == nil)
    }
}
