import TestSupport
import Testing

@testable import Transport

@Suite("The connection slot machine")
struct ConnectionSlotMachineTests {
    private static func machine(seed: UInt64 = 1, endpoints: Int = 1) -> ConnectionSlotMachine {
        var timing = ConnectionSlotMachine.Timing()
        timing.startSpread = .zero
        timing.backoffBase = .zero
        return ConnectionSlotMachine(
            slot: 1, endpointCount: endpoints, timing: timing, generator: SeededGenerator(seed: seed))
    }

    private static func id(_ serial: UInt64) -> SocketID { SocketID(slot: 1, serial: serial) }
    private static let timing = ConnectionSlotMachine.Timing()

    /// A machine with its first socket open.
    private static func live(endpoints: Int = 1) -> ConnectionSlotMachine {
        var machine = Self.machine(endpoints: endpoints)
        _ = machine.start()
        _ = machine.timerFired(.backoff)
        _ = machine.permitGranted(attempt: 1)
        _ = machine.resolved(attempt: 1)
        _ = machine.socketOpened(Self.id(1))
        return machine
    }

    @Test("A first connection goes from backoff over permit and look-up to a socket")
    func firstConnection() {
        var machine = Self.machine()
        #expect(machine.start() == [.arm(.backoff, .zero)])
        #expect(machine.start().isEmpty)
        #expect(
            machine.timerFired(.backoff)
                == [.arm(.permit, Self.timing.permitDeadline), .acquireConnectPermit(attempt: 1)])
        #expect(machine.permitGranted(attempt: 9).isEmpty)
        #expect(
            machine.permitGranted(attempt: 1)
                == [.disarm(.permit), .arm(.resolve, .seconds(10)), .resolve(attempt: 1, endpoint: 0)])
        #expect(machine.resolved(attempt: 1) == [.disarm(.resolve), .open(Self.id(1), endpoint: 0)])
        #expect(machine.state == .connecting)
        #expect(machine.socketOpened(Self.id(1)) == [.announceOpened(Self.id(1)), .arm(.proof, .seconds(20))])
        #expect(machine.state == .live)
    }

    @Test("A replaced socket is followed only after its terminal callback")
    func reconnect() {
        var machine = Self.live()
        #expect(machine.reconnectRequested() == [.close(Self.id(1), .replaced), .disarm(.proof)])
        #expect(machine.state == .closing)
        #expect(machine.timerFired(.backoff).isEmpty)
        let reason = DisconnectReason(.replaced)
        #expect(
            machine.socketEnded(Self.id(1), reason: reason)
                == [.announceClosed(Self.id(1), reason), .arm(.backoff, .zero)])
    }

    @Test("The backoff doubles up to its cap and starts again only after a proof")
    func backoff() {
        var timing = ConnectionSlotMachine.Timing()
        timing.backoffBase = .seconds(1)
        timing.backoffCap = .seconds(8)
        var machine = ConnectionSlotMachine(
            slot: 1, endpointCount: 1, timing: timing, generator: SeededGenerator(seed: 3))
        _ = machine.start()
        var bounds: [Duration] = []
        func attempt(_ machine: inout ConnectionSlotMachine, number: UInt64, opens: Bool, proves: Bool) {
            _ = machine.timerFired(.backoff)
            _ = machine.permitGranted(attempt: number)
            _ = machine.resolved(attempt: number)
            if opens { _ = machine.socketOpened(Self.id(number)) }
            if proves {
                machine.dataReceived(Self.id(number))
                _ = machine.timerFired(.proof)
            }
            let actions = machine.socketEnded(Self.id(number), reason: DisconnectReason(.connectionLost))
            for case .arm(.backoff, let delay) in actions { bounds.append(delay) }
        }
        for number in 1...6 { attempt(&machine, number: UInt64(number), opens: number % 2 == 0, proves: false) }
        #expect(machine.failures == 6)
        for (index, bound) in bounds.enumerated() {
            #expect(bound <= min(.seconds(8), .seconds(1 << index)))
        }
        #expect(Set(bounds).count == 6)
        attempt(&machine, number: 7, opens: true, proves: true)
        #expect(machine.failures == 1)
        #expect(bounds[6] <= .seconds(1))
    }

    @Test("However often an attempt fails, another follows within the cap")
    func unlimited() {
        var timing = ConnectionSlotMachine.Timing()
        timing.backoffCap = .seconds(30)
        var machine = ConnectionSlotMachine(
            slot: 1, endpointCount: 1, timing: timing, generator: SeededGenerator(seed: 5))
        _ = machine.start()
        for number in UInt64(1)...5_000 {
            _ = machine.timerFired(.backoff)
            _ = machine.permitGranted(attempt: number)
            #expect(machine.resolved(attempt: number).contains(.open(Self.id(number), endpoint: 0)))
            let actions = machine.socketEnded(Self.id(number), reason: DisconnectReason(.connectFailed))
            let pauses = actions.compactMap { action -> Duration? in
                if case .arm(.backoff, let pause) = action { pause } else { nil }
            }
            #expect(pauses.count == 1 && pauses.allSatisfy { $0 <= .seconds(30) })
        }
    }

    @Test("A rotation opens a second socket and closes the first when the consumer is ready")
    func rotation() {
        var machine = Self.live()
        #expect(
            machine.rotateRequested()
                == [
                    .arm(.rotation, .seconds(60)), .arm(.permit, Self.timing.permitDeadline),
                    .acquireConnectPermit(attempt: 2),
                ])
        #expect(machine.rotateRequested().isEmpty)
        _ = machine.permitGranted(attempt: 2)
        #expect(machine.resolved(attempt: 2) == [.disarm(.resolve), .open(Self.id(2), endpoint: 0)])
        #expect(machine.socketOpened(Self.id(2)) == [.announceOpened(Self.id(2))])
        #expect(machine.currentSocket == Self.id(1))
        #expect(
            machine.rotationReady()
                == [
                    .disarm(.rotation), .close(Self.id(1), .rotated), .arm(.proof, .seconds(20)),
                    .announceRotation(.completed),
                ])
        #expect(machine.rotateRequested().isEmpty)
        let reason = DisconnectReason(.rotated)
        #expect(machine.socketEnded(Self.id(1), reason: reason) == [.announceClosed(Self.id(1), reason)])
        #expect(machine.state == .live)
    }

    @Test("When either socket of a rotation dies, the other carries on")
    func deathInRotation() {
        let lost = DisconnectReason(.connectionLost)
        var rotating = Self.live()
        _ = rotating.rotateRequested()
        _ = rotating.permitGranted(attempt: 2)
        _ = rotating.resolved(attempt: 2)
        var connecting = rotating
        _ = rotating.socketOpened(Self.id(2))

        var first = rotating
        #expect(first.socketEnded(Self.id(1), reason: lost).contains(.announceRotation(.completed)))
        #expect(first.currentSocket == Self.id(2))
        #expect(first.state == .live)

        var second = rotating
        #expect(
            second.socketEnded(Self.id(2), reason: lost).dropLast()
                == [.announceClosed(Self.id(2), lost), .disarm(.rotation), .announceRotation(.givenUp)])
        #expect(second.currentSocket == Self.id(1))
        #expect(second.state == .live)

        // The old one dies while the new one still connects.
        _ = connecting.socketEnded(Self.id(1), reason: lost)
        #expect(connecting.state == .connecting)
        _ = connecting.socketOpened(Self.id(2))
        #expect(connecting.currentSocket == Self.id(2))
    }

    @Test("A rotation that never gets ready is given up and its socket closed")
    func rotationGivenUp() {
        var machine = Self.live()
        _ = machine.rotateRequested()
        _ = machine.permitGranted(attempt: 2)
        _ = machine.resolved(attempt: 2)
        _ = machine.socketOpened(Self.id(2))
        #expect(
            machine.timerFired(.rotation).dropLast()
                == [.close(Self.id(2), .rotationGivenUp), .announceRotation(.givenUp)])
        #expect(machine.currentSocket == Self.id(1))
    }

    @Test("A failed look-up and a lost permit are tried again, at the same endpoint")
    func failures() {
        var machine = Self.machine(endpoints: 2)
        _ = machine.start()
        _ = machine.timerFired(.backoff)
        #expect(machine.timerFired(.permit).last == .acquireConnectPermit(attempt: 2))
        #expect(machine.permitGranted(attempt: 1).isEmpty)
        _ = machine.permitGranted(attempt: 2)
        #expect(
            machine.timerFired(.resolve)
                == [.announceFailed(DisconnectReason(.resolveTimedOut)), .arm(.backoff, .zero)])
        #expect(machine.resolved(attempt: 2).isEmpty)
        _ = machine.timerFired(.backoff)
        #expect(machine.permitGranted(attempt: 3).last == .resolve(attempt: 3, endpoint: 0))
    }

    @Test("A permit comes back when its attempt is given up before a connection was begun, and only then")
    func givesPermitBack() {
        var resolving = Self.live()
        _ = resolving.rotateRequested()
        var waiting = resolving
        #expect(!waiting.timerFired(.rotation).contains(.giveBackPermit))
        _ = resolving.permitGranted(attempt: 2)
        var connecting = resolving
        var replaced = resolving
        var stopped = resolving
        #expect(resolving.timerFired(.rotation).contains(.giveBackPermit))
        #expect(replaced.reconnectRequested().contains(.giveBackPermit))
        #expect(stopped.stop().contains(.giveBackPermit))
        _ = connecting.resolved(attempt: 2)
        #expect(!connecting.timerFired(.rotation).contains(.giveBackPermit))
    }

    @Test("A rotation that waits for its permit asks anew when the current socket dies")
    func asksAnew() {
        var machine = Self.live()
        _ = machine.rotateRequested()
        let actions = machine.socketEnded(Self.id(1), reason: DisconnectReason(.connectionLost))
        #expect(actions.last == .acquireConnectPermit(attempt: 3))
        #expect(machine.state == .waitingForPermit)
        #expect(machine.permitGranted(attempt: 2).isEmpty)
        #expect(!machine.permitGranted(attempt: 3).isEmpty)
    }

    @Test("A stop finishes only after every terminal callback")
    func stop() {
        var machine = Self.live()
        _ = machine.rotateRequested()
        _ = machine.permitGranted(attempt: 2)
        _ = machine.resolved(attempt: 2)
        let actions = machine.stop()
        #expect(actions.contains(.close(Self.id(1), .stopped)))
        #expect(actions.contains(.close(Self.id(2), .stopped)))
        #expect(!actions.contains(.finished))
        #expect(machine.stop().isEmpty)
        let reason = DisconnectReason(.stopped)
        #expect(machine.socketEnded(Self.id(2), reason: reason).isEmpty)
        #expect(machine.socketEnded(Self.id(1), reason: reason) == [.announceClosed(Self.id(1), reason), .finished])
    }

    @Test(
        "Whatever happens in whatever order, no socket opens beside another, but one beside the current in a rotation")
    func randomEvents() {
        for seed in UInt64(0)..<3000 {
            var generator = SeededGenerator(seed: seed)
            var machine = Self.machine(seed: seed, endpoints: 3)
            var world = World()
            world.take(machine.start(), seed: seed)
            for _ in 0..<120 {
                let current = machine.currentSocket
                world.rotatingBefore = machine.state == .rotating
                world.take(world.step(&machine, using: &generator), current: current, seed: seed)
                #expect(world.live.count == machine.liveSockets, "seed \(seed)")
                #expect(world.live.count <= 2, "seed \(seed)")
            }
            world.take(machine.stop(), seed: seed)
            for socket in world.live.sorted(by: { $0.serial < $1.serial }) {
                world.take(machine.socketEnded(socket, reason: DisconnectReason(.stopped)), seed: seed)
                world.live.remove(socket)
            }
            #expect(world.isFinished, "seed \(seed)")
            #expect(machine.state == .stopped)
        }
    }

    /// What a loop and a network would do, at random.
    private struct World {
        var live: Set<SocketID> = []
        var attempt: UInt64 = 0
        var isFinished = false
        var rotatingBefore = false

        mutating func take(_ actions: [ConnectionSlotMachine.Action], current: SocketID? = nil, seed: UInt64) {
            for action in actions {
                switch action {
                case .open(let id, _):
                    let mayOverlap = self.rotatingBefore && self.live == [current].compactMap { $0 }.asSet
                    #expect(self.live.isEmpty || mayOverlap, "seed \(seed)")
                    self.live.insert(id)
                case .close(let id, _):
                    #expect(self.live.contains(id), "seed \(seed)")
                case .acquireConnectPermit(let attempt), .resolve(let attempt, _):
                    self.attempt = attempt
                case .finished:
                    #expect(!self.isFinished && self.live.count <= 1, "seed \(seed)")
                    self.isFinished = true
                case .arm, .disarm, .giveBackPermit, .announceOpened, .announceClosed, .announceFailed,
                    .announceRotation:
                    break
                }
            }
        }

        mutating func step(
            _ machine: inout ConnectionSlotMachine, using generator: inout SeededGenerator
        ) -> [ConnectionSlotMachine.Action] {
            let sockets = self.live.sorted { $0.serial < $1.serial }
            switch Int.random(in: 0..<14, using: &generator) {
            case 0, 1: return machine.timerFired(.backoff)
            case 2, 3: return machine.permitGranted(attempt: self.attempt)
            case 4, 5: return machine.resolved(attempt: self.attempt)
            case 6: return machine.resolveFailed(attempt: self.attempt)
            case 7, 8:
                guard let socket = sockets.randomElement(using: &generator) else { return [] }
                machine.dataReceived(socket)
                return machine.socketOpened(socket)
            case 9:
                guard let socket = sockets.randomElement(using: &generator) else { return [] }
                self.live.remove(socket)
                return machine.socketEnded(socket, reason: DisconnectReason(.connectionLost))
            case 10: return machine.reconnectRequested()
            case 11: return machine.rotateRequested()
            case 12: return machine.rotationReady()
            default:
                let timers = ConnectionSlotMachine.Timer.allCases
                return machine.timerFired(timers.randomElement(using: &generator) ?? .proof)
            }
        }
    }
}

extension Array where Element: Hashable {
    fileprivate var asSet: Set<Element> { Set(self) }
}
