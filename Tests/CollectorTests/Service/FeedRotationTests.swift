import Publishing
import Testing
import Transport

@testable import Collector

@Suite("A feed whose socket is replaced", .timeLimit(.minutes(1)))
struct FeedRotationTests {
    /// A feed whose first socket delivers.
    private static func live(
        overlap: Duration = .zero, _ body: @escaping @Sendable (FeedRig) -> [String]
    ) async throws -> [String]? {
        try await FeedRig.run(overlap: overlap) { rig in
            rig.open(1)
            rig.acknowledge(on: 1)
            rig.update(1, on: 1)
            return body(rig)
        }
    }

    /// Losses, without what a missing NATS server costs.
    private static func ofTheVenue(_ losses: [String]) -> [String] {
        losses.filter { !$0.contains(GapCause.disconnected.rawValue) }
    }

    @Test("A rotation that cannot connect leaves the feed live; a slot without a socket does not")
    func failedRotation() async throws {
        let states = try await Self.live { rig in
            var states = [rig.state]
            rig.feed.connectFailed(DisconnectReason(.connectFailed))
            states.append(rig.state)
            return states
        }
        #expect(states == ["live", "live"])
        let first = try await FeedRig.run { rig in
            rig.feed.connectFailed(DisconnectReason(.connectFailed))
            return rig.state
        }
        #expect(first == "disconnected")
    }

    @Test("A connection that brought nothing for a while is on the ledger, while it lasts and when it is over")
    func missing() async throws {
        let told = try await Self.live { rig in
            rig.close(1)
            let during = rig.losses()
            rig.open(2)
            rig.acknowledge(on: 2)
            let stillWithoutData = rig.losses()
            rig.update(9, on: 2)
            return during + ["then"] + stillWithoutData + ["then"] + rig.losses()
        }
        let name = "connection reconnect _conn-test-0"
        #expect(told == ["\(name) …", "then", "then", name])
    }

    @Test("A feed that was silent is live when the socket that takes over has data")
    func silentThenRotated() async throws {
        let states = try await Self.live(overlap: .seconds(3_600)) { rig in
            rig.open(2)
            rig.acknowledge(on: 2)
            rig.update(2, on: 2)
            rig.feed.tick(at: LoopClock.monotonicMicroseconds())
            rig.feed.tick(at: LoopClock.monotonicMicroseconds() + 700_000_000)
            var states = [rig.state]
            rig.close(1, next: 2)
            states.append(rig.state)
            return states
        }
        #expect(states == ["disconnected", "live"])
    }

    @Test("Books stay sound when the socket that takes over has carried every stream for the overlap")
    func readyTakesOver() async throws {
        let states = try await Self.live { rig in
            rig.open(2)
            rig.acknowledge(on: 2)
            rig.tick()
            var states = ["\(rig.slot.readies)"]
            rig.update(2, on: 2)
            rig.tick()
            states.append("\(rig.slot.readies)")
            rig.close(1, next: 2)
            return states + [rig.bookState, rig.state]
        }
        #expect(states == ["0", "1", "waiting", "live"])
    }

    @Test("A second socket that is ahead breaks no book: while both bring data, the first is believed")
    func aheadBreaksNothing() async throws {
        let states = try await Self.live { rig in
            rig.seed(1)
            rig.update(2, on: 1)
            var states = [rig.bookState]
            rig.open(2)
            rig.acknowledge(on: 2)
            for number in 4...6 { rig.update(number, on: 2) }
            states.append("\(rig.bookState) \(rig.bookLast ?? 0)")
            for number in 3...5 { rig.update(number, on: 1) }
            rig.tick()
            states.append("\(rig.bookState) \(rig.bookLast ?? 0)")
            rig.update(7, on: 2)
            return states + ["\(rig.bookState) \(rig.bookLast ?? 0)"] + Self.ofTheVenue(rig.losses())
        }
        #expect(states == ["live", "live 2", "live 6", "live 7"])
    }

    @Test("What the first socket had not brought when it died comes from the second, in order")
    func firstDies() async throws {
        let states = try await Self.live { rig in
            rig.seed(1)
            rig.update(2, on: 1)
            rig.open(2)
            rig.acknowledge(on: 2)
            for number in 2...9 { rig.update(number, on: 2) }
            rig.update(3, on: 1)
            rig.close(1, next: 2)
            var states = ["\(rig.bookState) \(rig.bookLast ?? 0) \(rig.state)"]
            // What is still on its way of the one that is gone repeats nothing.
            rig.update(4, on: 1)
            rig.update(10, on: 2)
            states.append("\(rig.bookState) \(rig.bookLast ?? 0)")
            return states + Self.ofTheVenue(rig.losses())
        }
        #expect(states == ["live 9 live", "live 10"])
    }

    @Test("What a second socket brought is forgotten when it dies, and the first goes on")
    func secondDies() async throws {
        let states = try await Self.live { rig in
            rig.seed(1)
            rig.update(2, on: 1)
            rig.open(2)
            rig.acknowledge(on: 2)
            rig.update(3, on: 2)
            rig.close(2, next: 1)
            var states = ["\(rig.bookState) \(rig.bookLast ?? 0)"]
            rig.update(3, on: 1)
            // The next rotation starts from nothing.
            rig.open(3)
            rig.acknowledge(on: 3)
            rig.update(4, on: 3)
            rig.update(4, on: 1)
            rig.tick()
            states.append("\(rig.bookState) \(rig.bookLast ?? 0) \(rig.slot.readies)")
            return states + Self.ofTheVenue(rig.losses())
        }
        #expect(states == ["live 2", "live 4 1"])
    }

    @Test("Books break when the socket that takes over was not subscribed yet")
    func unsubscribedTakesOver() async throws {
        let states = try await Self.live { rig in
            rig.open(2)
            rig.update(2, on: 2)
            rig.close(1, next: 2)
            return [rig.bookState, rig.state]
        }
        #expect(states == ["broken", "live"])
    }

    @Test("Books break when the socket that takes over was subscribed for less than the overlap")
    func earlyTakesOver() async throws {
        let states = try await Self.live(overlap: .seconds(3_600)) { rig in
            rig.open(2)
            rig.acknowledge(on: 2)
            rig.update(2, on: 2)
            rig.close(1, next: 2)
            return [rig.bookState, rig.state]
        }
        #expect(states == ["broken", "live"])
    }

    @Test("A socket that takes over without any data is disconnected until some comes")
    func emptyTakesOver() async throws {
        let states = try await Self.live { rig in
            rig.open(2)
            rig.acknowledge(on: 2)
            rig.close(1, next: 2)
            var states = [rig.bookState, rig.state]
            rig.update(3, on: 2)
            states.append(rig.state)
            return states
        }
        #expect(states == ["broken", "disconnected", "live"])
    }

    @Test("The slot is told once of each socket that delivers, of the second of a rotation too")
    func tellsOfDelivery() async throws {
        let told = try await FeedRig.run { rig in
            rig.open(1)
            rig.acknowledge(on: 1)
            let early = rig.slot.delivering
            for number in 1...3 { rig.update(number, on: 1) }
            rig.open(2)
            for number in 2...3 { rig.update(number, on: 2) }
            return [early, rig.slot.delivering]
        }
        #expect(told == [[], [1, 2]])
    }

    @Test("A socket that the venue is to end is rotated at every tick until another follows")
    func shutdown() async throws {
        let rotations = try await FeedRig.run { rig in
            rig.open(1)
            rig.acknowledge(on: 1)
            rig.update(1, on: 1)
            rig.tick()
            var rotations = [rig.slot.rotations]
            rig.shutDown(1)
            rotations.append(rig.slot.rotations)
            rig.tick()
            rotations.append(rig.slot.rotations)
            rig.open(2)
            rig.tick()
            rotations.append(rig.slot.rotations)
            return rotations
        }
        #expect(rotations == [0, 1, 2, 2])
    }
}
