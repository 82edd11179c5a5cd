import MarketModel
import Testing
import Venues

@testable import Collector

/// A connection of every section: what it asks for, what it is told, what becomes of its books.
extension ConformanceTests {
    @Test("Everything is asked for, and all of it is acknowledged", arguments: sections)
    func subscribes(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            for line in rig.lines {
                let missing = Set(line.streams.map(\.name)).subtracting(rig.asked(line))
                rig.check(missing.isEmpty, "not asked for: \(missing)")
                rig.check(line.feed.subscribed != nil, "not acknowledged: \(line.slot.sent)")
                let refused = line.feed.summary().refusedStreams
                rig.check(refused.isEmpty && line.slot.reconnects.isEmpty, "refused: \(refused)")
            }
            rig.check(rig.refusedFrames == 0, "\(rig.refusedFrames) answers were refused")
        }
        Self.report(problems, id)
    }

    @Test("A stream that the venue does not have is named: refused, left out, or silent", arguments: sections)
    func unknownStream(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id), firstData: .seconds(200)) { rig in
            guard let name = rig.addUnknown() else { return rig.check(false, "no stream of the unknown symbol") }
            rig.subscribe()
            for entry in rig.section.fixture.entries where entry.key.hasPrefix("stream.") { rig.deliver(entry.text) }
            rig.tick(seconds: 1)
            rig.tick(seconds: 250)
            let named = rig.lines.map { $0.feed.summary() }.flatMap { $0.refusedStreams + $0.silentStreams }
            rig.check(named.contains(name), "\(name) is not among \(named)")
            let isRefused = rig.lines.contains { $0.feed.summary().refusedStreams.contains(name) }
            // A venue that refuses it, or lists what it took, tells at once.
            let fixture = rig.section.fixture
            let isTold = fixture.has("refused") || fixture.all("taken").contains { $0.text.contains("$NAMES") }
            rig.check(isRefused || !isTold, "\(name) was refused or left out, and is not named so")
            rig.check(rig.lines.allSatisfy { $0.feed.subscribed != nil }, "the others are not acknowledged")
        }
        Self.report(problems, id)
    }

    @Test("A request that is not answered costs its socket", arguments: sections)
    func unanswered(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.open()
            rig.tick(seconds: 1)
            rig.check(rig.lines.allSatisfy { $0.slot.reconnects.isEmpty }, "a socket was given up at once")
            rig.tick(seconds: 1_000)
            rig.check(rig.lines.allSatisfy { !$0.slot.reconnects.isEmpty }, "a socket was kept")
        }
        Self.report(problems, id)
    }

    @Test("A sign of life is sent and answered; what must be answered at once is", arguments: sections)
    func signsOfLife(_ id: SegmentID) async throws {
        let section = try ConformanceSection(id)
        let dialect = section.venue.dialect(for: section.segment, limits: VenueLimits(section.venue.limits))
        let problems = try await ConformanceRig.run(section) { rig in
            rig.subscribe()
            rig.seed()
            rig.wait()
            let line = rig.lines[0]
            if let ping = dialect.ping {
                rig.check(line.slot.sent.contains(ping), "no sign of life was sent in a minute of silence")
                rig.check(line.slot.reconnects.isEmpty, "it was answered: \(line.slot.reconnects)")
                rig.tick(seconds: 60)
                rig.tick(seconds: 60)
                rig.check(!line.slot.reconnects.isEmpty, "nothing answered, and the socket was kept")
            }
            if dialect.reply(id: 1) != nil, let prompt = try? rig.section.fixture.text("prompt") {
                let before = line.slot.sent.count
                rig.deliver(prompt, on: 0)
                rig.check(line.slot.sent.count == before + 1, "no answer to \(prompt)")
            }
            if let ending = try? rig.section.fixture.text("ending") {
                rig.deliver(ending, on: 0)
                rig.check(line.slot.rotations > 0, "nothing followed \(ending)")
            }
        }
        Self.report(problems, id)
    }

    @Test("Junk is counted, each frame once, and nothing else happens", arguments: sections)
    func junk(_ id: SegmentID) async throws {
        let section = try ConformanceSection(id)
        let junk = [
            "", " ", "null", "7", "x", "[", "]", "{", "[]", "{}", "\"", "{\"a\"", "\u{0}\u{1}", "ping", "<html>",
            String(repeating: "[", count: 5_000), String(repeating: "{\"a\":", count: 5_000), "{\"id\":\"\"}",
            #"{"stream":"nosuch@trade","data":{}}"#, #"{"arg":{"channel":"trades","instId":"X-Y"},"data":[]}"#,
            #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"quote.X","data":{}}}"#,
        ]
        // What other venues say is junk too.
        let others = try Self.sections.filter { $0.venue != id.venue }.map { try ConformanceSection($0) }
        let foreign = others.flatMap { $0.fixture.entries.filter { $0.key.hasPrefix("stream.") }.map(\.text) }
        let problems = try await ConformanceRig.run(section) { rig in
            rig.subscribe()
            rig.seed()
            let views = rig.section.symbols.indices.map { rig.view($0) }
            for text in junk + foreign {
                let before = rig.refusedFrames
                rig.deliver(text, on: 0)
                rig.check(rig.refusedFrames == before + 1, "not counted: \(text.prefix(200))")
            }
            rig.check(rig.section.symbols.indices.map { rig.view($0) } == views, "a book changed")
            rig.check(rig.lines.allSatisfy { $0.slot.reconnects.isEmpty }, "the socket was given up")
        }
        Self.report(problems, id)
    }

    // MARK: - Books

    @Test("A snapshot starts a book, and updates lead to the venue's top", arguments: withBooks)
    func books(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            rig.check(!rig.isSound(0) && !rig.isSound(1), "a book stands before its snapshot")
            rig.seed()
            rig.follow("book.delta")
            rig.check(rig.state(0) == .live, "the book is \(rig.state(0))")
        }
        Self.report(problems, id)
    }

    @Test("What comes twice changes nothing", arguments: withBooks)
    func duplicates(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            rig.seed()
            rig.follow("book.delta")
            let view = rig.view(0)
            // All updates again, the last one first, as the second socket of a rotation brings them.
            for entry in rig.section.fixture.all("book.delta").reversed() {
                rig.give(entry)
                rig.check(rig.view(0) == view, "\(entry.text) again: \(rig.view(0)), not \(view)")
            }
        }
        Self.report(problems, id)
    }

    @Test("A gap breaks its book alone, a new snapshot is asked for and followed", arguments: withBooks)
    func gaps(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            rig.seed()
            rig.follow("book.delta")
            let other = rig.view(1)
            let asked = rig.snapshotsAsked
            let starts = rig.lines.map(\.slot.sent.count)
            rig.follow("book.gap")
            rig.check(rig.state(0) == .broken, "after the gap the book is \(rig.state(0))")
            rig.wait()
            rig.check(rig.snapshotsAsked > asked, "no snapshot was asked for")
            let again = zip(rig.lines, starts).map { rig.asked($0, since: $1) }
            let names = Set(
                rig.section.streams.filter { $0.symbol == rig.section.symbols[0] }
                    .filter { $0.types.contains(.orderbook) }.map(\.name))
            let isOfStream = rig.section.segment.snapshot == nil
            let told = again.reduce(into: Set()) { $0.formUnion($1) }
            rig.check(told == (isOfStream ? names : []), "asked for again: \(told)")
            rig.check(rig.lines.allSatisfy { $0.slot.reconnects.isEmpty }, "a socket was given up")
            rig.follow("book.resync")
            rig.check(rig.view(1) == other, "the other book: \(rig.view(1)), not \(other)")
        }
        Self.report(problems, id)
    }

    @Test("A venue that starts over is followed", arguments: withBooks)
    func resets(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            rig.seed()
            rig.follow("book.delta", "book.gap")
            rig.wait()
            rig.follow("book.resync")
            let other = rig.view(1)
            rig.follow("book.reset")
            rig.wait()
            rig.follow("book.reset.answer")
            rig.check(rig.isSound(0) && rig.view(1) == other, "the books: \(rig.view(0)), \(rig.view(1))")
        }
        Self.report(problems, id)
    }

    @Test("After a reconnect everything is asked for again, and books start anew", arguments: withBooks)
    func reconnects(_ id: SegmentID) async throws {
        let problems = try await ConformanceRig.run(try ConformanceSection(id)) { rig in
            rig.subscribe()
            rig.seed()
            rig.follow("book.delta")
            rig.close()
            rig.check(rig.state(0) == .broken && rig.state(1) == .broken, "a book outlived its socket")
            // What is late of the old socket is no one's.
            let frame = rig.section.fixture.all("book.delta").last
            if let frame { rig.give(frame) }
            rig.check(!rig.isSound(0), "a frame without a socket started the book")
            rig.subscribe()
            for line in rig.lines {
                let missing = Set(line.streams.map(\.name)).subtracting(rig.asked(line))
                rig.check(missing.isEmpty && line.feed.subscribed != nil, "not asked for again: \(missing)")
            }
            rig.seed()
            rig.follow("book.delta")
        }
        Self.report(problems, id)
    }
}
