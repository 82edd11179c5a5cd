import Foundation
import Glibc
import Synchronization
import Testing

@testable import Publishing

@Suite("The publisher with a spool, on a real server", .serialized, .timeLimit(.minutes(2)))
struct PublisherSpoolTests {
    static let trade = "md.trade.binance.spot.BTC-USDT"
    static let funding = "md.funding_rate.binance.spot.ETH-USDT"
    static let small = QueueLimits(bytes: 256 << 10, messages: 1000)

    /// A publisher whose messages go to disk after 100 ms.
    static func fixture(
        _ directory: String, jetStream: Bool = true, limits: QueueLimits = Self.small, start: Bool = false,
        server: EmbeddedNATSServer? = nil, boot: String = "b1", bytes: Int = 64 << 20, segment: Int? = nil,
        sync: SpoolSync = .interval(.milliseconds(100)), configure: (inout PublisherConfiguration) -> Void = { _ in }
    ) async throws -> PublishFixture {
        try await PublishFixture(jetStream: jetStream, limits: limits, start: start, server: server, boot: boot) {
            $0.spool = SpoolConfiguration(directory: directory, bytes: bytes, segmentBytes: segment, sync: sync)
            $0.spillAfter = .milliseconds(100)
            configure(&$0)
        }
    }

    static func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try PublishFixture.temporaryDirectory()
        try await body(directory + "/spool")
        for name in (try? DiskFiles().list(directory + "/spool")) ?? [] { unlink("\(directory)/spool/\(name)") }
        rmdir(directory + "/spool")
        rmdir(directory)
    }

    private static func log(_ fixture: PublishFixture) -> AccountingCut { fixture.publisher.cut(.log) }

    @Test("What a missing server does not take waits on disk, not in memory, and follows in order, exactly once")
    func absent() async throws {
        try await Self.withDirectory { directory in
            let fixture = try await Self.fixture(directory)
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<20_000)
            fixture.produce(.fundingRate, symbol: "ETH-USDT", numbers: 0..<5000)
            fixture.produce(.instrument, symbol: "BTC-USDT", numbers: 0..<50)
            #expect(try await PublishFixture.wait { Self.log(fixture).spooled == 25_000 })
            #expect(Self.log(fixture).bytes == 0)
            let state = fixture.publisher.cut(.state)
            #expect(state.spooled == 0 && state.queued == 50)
            #expect(fixture.publisher.counts(of: .trade)[.queueFull] == 0)
            try await fixture.server.start()
            // Behind what is on disk, while that drains.
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 20_000..<22_000)
            #expect(try await PublishFixture.wait(2) { fixture.publisher.cut(.state).confirmed == 50 })
            #expect(try await PublishFixture.wait(30) { Self.log(fixture).confirmed == 27_000 })
            let contents = try fixture.contents()
            #expect(contents[Self.trade] == Array(0..<22_000))
            #expect(contents[Self.funding] == Array(0..<5000))
            #expect(fixture.publisher.snapshot().spool?.records == 0)
            #expect(fixture.publisher.snapshot().repeated == 0)
            _ = await fixture.finish()
        }
    }

    @Test("A stop leaves what was not delivered on disk; the next process delivers it before what it makes itself")
    func restart() async throws {
        try await Self.withDirectory { directory in
            let first = try await Self.fixture(directory)
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<6000)
            let report = await first.finish(deadline: .seconds(5), stopsServer: false)
            #expect(report.left == 0 && report.total.spooled == 6000)
            #expect(first.publisher.rememberedTrade(subject: Self.trade) == nil)

            let second = try await Self.fixture(directory, start: true, server: first.server, boot: "b2") {
                $0.windowMessages = 8
                $0.spillAfter = .seconds(60)
            }
            #expect(second.publisher.rememberedTrade(subject: Self.trade)?.id == 5999)
            #expect(try await second.waitUntilConnected())
            second.produce(.trade, symbol: "BTC-USDT", numbers: 6000..<6300)
            #expect(try await PublishFixture.wait { Self.log(second).confirmed == 6300 })
            #expect(second.publisher.counts(of: .trade).produced == 6300)
            #expect(second.publisher.snapshot().spooled == 0)
            #expect(try second.contents()[Self.trade] == Array(0..<6300))
            _ = await second.finish()
        }
    }

    @Test("What a killed process had sent and a stream has stored is not sent again, however long ago that was")
    func killed() async throws {
        try await Self.withDirectory { directory in
            let server = try PublishFixture.makeServer(jetStream: true)
            let configure: (inout PublisherConfiguration) -> Void = { configuration in
                for index in configuration.streams.indices {
                    configuration.streams[index].dedupeWindow = .milliseconds(100)
                }
            }
            let first = try await Self.fixture(
                directory, limits: QueueLimits(bytes: 1 << 20, messages: 20_000), start: true, server: server
            ) {
                configure(&$0)
                $0.spillAfter = .seconds(1)
                $0.connection.writeDeadline = .seconds(5)
            }
            #expect(try await first.waitUntilConnected())
            first.publisher.control.tamper { $0.removeAll { if case .stored = $0 { true } else { false } } }
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<3000)
            #expect(try await PublishFixture.wait { (try? first.stored("MARKET_DATA", subject: Self.trade)) == 3000 })
            let child = try #require(server.processID)
            kill(child, SIGSTOP)
            #expect(try await PublishFixture.wait { Self.log(first).spooled == 3000 })
            try await Task.sleep(for: .milliseconds(300))
            // What the disk has at this moment is what a process that is killed now leaves.
            let copy = try PublishFixture.temporaryDirectory()
            for name in try DiskFiles().list(directory) where name != "lock" && !name.hasPrefix(".") {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
                try data.write(to: URL(fileURLWithPath: "\(copy)/\(name)"))
            }
            kill(child, SIGCONT)
            _ = await first.finish(deadline: .zero, stopsServer: false)

            let second = try await Self.fixture(copy, server: server, boot: "b2", configure: configure)
            #expect(try await PublishFixture.wait { Self.log(second).confirmed == 3000 })
            #expect(second.publisher.snapshot().alreadyStored == 3000)
            #expect(try second.contents()[Self.trade] == Array(0..<3000))
            _ = await second.finish()
            for name in try DiskFiles().list(copy) where !name.hasPrefix(".") { unlink("\(copy)/\(name)") }
            rmdir(copy)
        }
    }

    @Test("A server that dies while an earlier process' messages are delivered gets the rest when it is back")
    func dyingServer() async throws {
        try await Self.withDirectory { directory in
            let first = try await Self.fixture(directory)
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<30_000)
            _ = await first.finish(deadline: .seconds(5), stopsServer: false)

            let second = try await Self.fixture(directory, start: true, server: first.server, boot: "b2") {
                $0.windowMessages = 64
            }
            for part in 1...3 {
                #expect(try await PublishFixture.wait { Self.log(second).confirmed > UInt64(part * 2000) })
                if let child = second.server.processID { kill(child, SIGKILL) }
            }
            #expect(try await PublishFixture.wait(60) { Self.log(second).confirmed == 30_000 })
            #expect(second.publisher.snapshot().disconnects == 3)
            // A killed server may have lost what it had acknowledged, not put anything twice or in another order.
            let stored = try #require(try second.contents()[Self.trade])
            #expect(zip(stored, stored.dropFirst()).allSatisfy { $0 < $1 })
            _ = await second.finish()
        }
    }

    @Test("A lost connection does not confuse what an earlier process left on a server without JetStream")
    func withoutJetStream() async throws {
        try await Self.withDirectory { directory in
            let first = try await Self.fixture(directory, jetStream: false)
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<3000)
            _ = await first.finish(deadline: .seconds(5), stopsServer: false)
            try await first.server.start()
            let subscriber = try first.subscribe()
            let second = try await Self.fixture(directory, jetStream: false, server: first.server, boot: "b2")
            second.produce(.trade, symbol: "BTC-USDT", numbers: 3000..<4000)
            #expect(try await PublishFixture.wait { Self.log(second).confirmed == 4000 })
            try await Task.sleep(for: .milliseconds(100))
            subscriber.close()
            var numbers: [Int] = []
            for await message in subscriber.messages where message.subject == Self.trade {
                numbers.append(Int(String(decoding: message.payload, as: UTF8.self)) ?? -1)
            }
            #expect(numbers == Array(0..<4000))
            _ = await second.finish()
        }
    }

    @Test(
        "Synced before it leaves memory: all is delivered, and the accounts never run below zero", arguments: [0, EIO])
    func alwaysSynced(fault: Int32) async throws {
        try await Self.withDirectory { directory in
            let files = FaultyFiles()
            files.faults.syncs.store(fault, ordering: .relaxed)
            // Longer than the server takes to confirm.
            files.faults.syncMicroseconds.store(20_000, ordering: .relaxed)
            let fixture = try await Self.fixture(directory, sync: .always) { $0.spoolFiles = files }
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<3000)
            #expect(try await PublishFixture.wait { Self.log(fixture).spooled == 3000 })
            try await fixture.server.start()
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 3000..<6000)
            #expect(try await PublishFixture.wait { Self.log(fixture).confirmed == 6000 })
            #expect(try fixture.contents()[Self.trade] == Array(0..<6000))
            #expect((fixture.publisher.snapshot().spool?.syncFailures ?? 0 > 0) == (fault != 0))
            _ = await fixture.finish()
        }
    }

    @Test("What goes to disk after the streams were read is not sent again either")
    func slowSpill() async throws {
        try await Self.withDirectory { directory in
            let files = FaultyFiles()
            let limits = QueueLimits(bytes: 4 << 20, messages: 20_000)
            let fixture = try await Self.fixture(directory, limits: limits, start: true, sync: .always) {
                $0.spoolFiles = files
                for index in $0.streams.indices { $0.streams[index].dedupeWindow = .milliseconds(100) }
                $0.spillAfter = .milliseconds(300)
                $0.acknowledgementTimeout = .seconds(1)
            }
            #expect(try await fixture.waitUntilConnected())
            // A batch a sync: most of it follows long after the reading.
            files.faults.syncMicroseconds.store(50_000, ordering: .relaxed)
            fixture.publisher.control.tamper { $0.removeAll { if case .stored = $0 { true } else { false } } }
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<2000)
            #expect(try await PublishFixture.wait { Self.log(fixture).confirmed == 2000 })
            #expect(fixture.publisher.snapshot().spooled > 0)
            #expect(try fixture.contents()[Self.trade] == Array(0..<2000))
            _ = await fixture.finish()
        }
    }

    @Test(
        "A server without JetStream that stalls and dies gets each message once at most, in order, and all are accounted for",
        arguments: [SpoolSync.interval(.milliseconds(100)), .always])
    func stallingWithoutJetStream(sync: SpoolSync) async throws {
        try await Self.withDirectory { directory in
            let fixture = try await Self.fixture(directory, jetStream: false, start: true, sync: sync) {
                $0.fenceTimeout = .milliseconds(500)
            }
            #expect(try await fixture.waitUntilConnected())
            let subscriber = try fixture.subscribe()
            let producer = try #require(
                NativeThread(name: "produce") {
                    fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<20_000, pace: 100)
                })
            for part in 0..<4 {
                try await Task.sleep(for: .milliseconds(400))
                guard let child = fixture.server.processID else { continue }
                if part % 2 == 0 {
                    kill(child, SIGSTOP)
                    try await Task.sleep(for: .milliseconds(part == 0 ? 300 : 900))
                    kill(child, SIGCONT)
                } else {
                    kill(child, SIGKILL)
                }
            }
            producer.join()
            #expect(
                try await PublishFixture.wait {
                    let cut = fixture.queue.log.cut()
                    return cut.confirmed + cut.unconfirmed + cut.dropped == 20_000
                })
            let cut = fixture.queue.log.cut()
            #expect(cut.dropped == 0 && fixture.publisher.snapshot().spooled > 0)
            try await Task.sleep(for: .milliseconds(200))
            subscriber.close()
            var numbers: [Int] = []
            for await message in subscriber.messages where message.subject == Self.trade {
                numbers.append(Int(String(decoding: message.payload, as: UTF8.self)) ?? -1)
            }
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
            // What is sent while the subscriber connects anew is confirmed and not seen by it.
            #expect(UInt64(numbers.count) <= cut.confirmed + cut.unconfirmed)
            #expect(
                try await PublishFixture.wait {
                    fixture.ledger.counts.missing[GapCause.unconfirmed.ordinal] == cut.unconfirmed
                })
            _ = await fixture.finish()
        }
    }

    @Test("A disk that takes nothing costs the oldest once the ring is full; they are counted and on the ledger")
    func failingDisk() async throws {
        try await Self.withDirectory { directory in
            let files = FaultyFiles()
            let fixture = try await Self.fixture(directory) { $0.spoolFiles = files }
            files.faults.writes.store(ENOSPC, ordering: .relaxed)
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<3000)
            #expect(
                try await PublishFixture.wait {
                    fixture.events.events.contains { if case .spoolFailing = $0 { true } else { false } }
                })
            #expect(fixture.publisher.snapshot().spool?.problem != nil)
            #expect(
                try await PublishFixture.wait {
                    fixture.queue.log.cut().queued + fixture.queue.log.cut().inFlight < 875
                })
            #expect(Self.log(fixture).spooled == 0)
            let dropped = fixture.publisher.counts(of: .trade)[.queueFull]
            #expect(dropped > 1500)
            files.faults.writes.store(0, ordering: .relaxed)
            try await fixture.server.start()
            #expect(try await PublishFixture.wait { fixture.publisher.counts(of: .trade).confirmed == 3000 - dropped })
            #expect(try fixture.contents()[Self.trade] == Array(Int(dropped)..<3000))
            #expect(try await PublishFixture.wait { (try? fixture.missing(.trade, .queueFull)) == dropped })
            // It is tried again when it is needed.
            await fixture.server.stop()
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 3000..<3010)
            #expect(
                try await PublishFixture.wait {
                    fixture.events.events.contains { if case .spoolWorks = $0 { true } else { false } }
                })
            _ = await fixture.finish()
        }
    }

    @Test("A full spool loses its oldest messages, by type and on the ledger; the ledger itself stays")
    func fullSpool() async throws {
        try await Self.withDirectory { directory in
            let fixture = try await Self.fixture(
                directory, limits: QueueLimits(bytes: 1 << 20, messages: 10_000), bytes: 1 << 20, segment: 64 << 10)
            fixture.ledger.record(
                GapLoss(
                    GapSubject(venue: "binance", market: "spot", symbol: "X"), of: .messages(.trade),
                    cause: .tradeJump, from: 1, to: 2, missing: 3))
            #expect(try await PublishFixture.wait { Self.log(fixture).spooled == 1 })
            let subject = fixture.subjects.subject(.trade, venue: "binance", market: "spot", symbol: "BTC-USDT")
            for number in 0..<15_000 {
                while !PublishFixture.put(fixture.queue.log, .trade, subject, number, filling: 300) { usleep(500) }
            }
            #expect(try await PublishFixture.wait { fixture.queue.cut().queued == 0 })
            let dropped = fixture.publisher.counts(of: .trade)[.spoolFull]
            #expect(dropped > 5000)
            try await fixture.server.start()
            #expect(
                try await PublishFixture.wait { fixture.publisher.counts(of: .trade).confirmed == 15_000 - dropped })
            #expect(try fixture.contents()[Self.trade] == Array(Int(dropped)..<15_000))
            #expect(try await PublishFixture.wait { (try? fixture.missing(.trade, .spoolFull)) == dropped })
            #expect(try fixture.missing(.trade, .tradeJump) == 3)
            #expect(fixture.publisher.counts(of: .gap)[.spoolFull] == 0)
            _ = await fixture.finish()
        }
    }

    @Test("A second publisher does not get the directory, and hears whose it is")
    func held() async throws {
        try await Self.withDirectory { directory in
            let fixture = try await Self.fixture(directory)
            let error = await #expect(throws: NATSError.self) { try await Self.fixture(directory) }
            #expect(error?.kind == .configuration)
            #expect(error?.description == "spool: the spool \(directory) is in use by process \(getpid())")
            _ = await fixture.finish()
        }
    }

    @Test("A message longer than the spool takes is dropped as too large; what is around it is delivered")
    func longMessage() async throws {
        try await Self.withDirectory { directory in
            let fixture = try await Self.fixture(
                directory, limits: QueueLimits(bytes: 2 << 20, messages: 1000), bytes: 1 << 20)
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<10)
            #expect(PublishFixture.put(fixture.queue.log, .trade, Self.trade, 10, filling: 200 << 10))
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 11..<20)
            #expect(try await PublishFixture.wait { Self.log(fixture).spooled == 19 })
            #expect(fixture.publisher.counts(of: .trade)[.tooLarge] == 1)
            try await fixture.server.start()
            #expect(try await PublishFixture.wait { fixture.publisher.counts(of: .trade).confirmed == 19 })
            #expect(try fixture.contents()[Self.trade] == Array(0..<10) + Array(11..<20))
            #expect(try await PublishFixture.wait { (try? fixture.missing(.trade, .tooLarge)) == 1 })
            _ = await fixture.finish()
        }
    }

    @Test("A message of an earlier process that is longer than today's rings take does not hold up the others")
    func longerThanTheRings() async throws {
        try await Self.withDirectory { directory in
            let first = try await Self.fixture(directory, limits: QueueLimits(bytes: 2 << 20, messages: 1000))
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<10)
            #expect(PublishFixture.put(first.queue.log, .trade, Self.trade, 10, filling: 200 << 10))
            first.produce(.trade, symbol: "BTC-USDT", numbers: 11..<20)
            let report = await first.finish(deadline: .seconds(5), stopsServer: false)
            #expect(report.total.spooled == 20)
            let second = try await Self.fixture(directory, start: true, server: first.server, boot: "b2")
            #expect(try await PublishFixture.wait { second.publisher.counts(of: .trade).confirmed == 19 })
            #expect(second.publisher.counts(of: .trade)[.tooLarge] == 1)
            #expect(try second.contents()[Self.trade] == Array(0..<10) + Array(11..<20))
            _ = await second.finish()
        }
    }

    @Test("A stop at once puts everything on disk within its deadline, losses told in the last moment included")
    func stopAtOnce() async throws {
        try await Self.withDirectory { directory in
            let first = try await Self.fixture(directory, sync: .always)
            first.produce(.trade, symbol: "BTC-USDT", numbers: 0..<900)
            first.ledger.record(
                GapLoss(
                    GapSubject(venue: "binance", market: "spot", symbol: "X"), of: .messages(.trade),
                    cause: .tradeJump, from: 1, to: 2, missing: 3))
            let report = await first.finish(deadline: .zero, stopsServer: false)
            #expect(report.left == 0 && report.total.spooled == 901)
            let second = try await Self.fixture(directory, start: true, server: first.server, boot: "b2")
            #expect(try await PublishFixture.wait { Self.log(second).confirmed == 901 })
            #expect(try second.contents()[Self.trade] == Array(0..<900))
            #expect(try second.missing(.trade, .tradeJump) == 3)
            _ = await second.finish()
        }
    }
}
