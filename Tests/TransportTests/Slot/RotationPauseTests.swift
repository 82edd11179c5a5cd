import TestSupport
import Testing

@testable import Transport

@Suite("Rotations that fail")
struct RotationPauseTests {
    private static let refused = DisconnectReason(.upgradeRefused, httpStatus: 404)

    private static func id(_ serial: UInt64) -> SocketID { SocketID(slot: 1, serial: serial) }

    /// A machine with its first socket open.
    private static func live() -> ConnectionSlotMachine {
        var timing = ConnectionSlotMachine.Timing()
        timing.startSpread = .zero
        timing.backoffBase = .zero
        timing.rotationPauseBase = .seconds(20)
        timing.rotationPauseCap = .seconds(120)
        var machine = ConnectionSlotMachine(
            slot: 1, endpointCount: 1, timing: timing, generator: SeededGenerator(seed: 7))
        _ = machine.start()
        _ = machine.timerFired(.backoff)
        _ = machine.permitGranted(attempt: 1)
        _ = machine.resolved(attempt: 1)
        _ = machine.socketOpened(Self.id(1))
        return machine
    }

    /// Rotates as far as a socket that connects.
    private static func dial(_ machine: inout ConnectionSlotMachine, _ number: UInt64) {
        #expect(!machine.rotateRequested().isEmpty)
        _ = machine.permitGranted(attempt: number)
        _ = machine.resolved(attempt: number)
    }

    private static func pause(_ actions: [ConnectionSlotMachine.Action]) -> Duration? {
        for case .arm(.rotationPause, let delay) in actions { return delay }
        return nil
    }

    @Test("A rotation whose connection fails is followed only after a pause, which doubles up to its cap")
    func doubles() throws {
        var machine = Self.live()
        for (index, bound) in [20, 40, 80, 120, 120].enumerated() {
            let number = UInt64(index + 2)
            Self.dial(&machine, number)
            let pause = try #require(Self.pause(machine.socketEnded(Self.id(number), reason: Self.refused)))
            #expect(pause >= .seconds(bound) / 2 && pause <= .seconds(bound))
            #expect(machine.state == .live)
            #expect(machine.rotateRequested().isEmpty)
            #expect(machine.timerFired(.rotationPause).isEmpty)
        }
    }

    @Test("A rotation that ran out of time, or whose socket died before it was ready, is paused after as well")
    func otherEnds() {
        var late = Self.live()
        Self.dial(&late, 2)
        var dead = late
        #expect(Self.pause(late.timerFired(.rotation)) != nil)
        _ = late.socketEnded(Self.id(2), reason: DisconnectReason(.rotationGivenUp))
        #expect(late.rotateRequested().isEmpty)

        _ = dead.socketOpened(Self.id(2))
        #expect(Self.pause(dead.socketEnded(Self.id(2), reason: DisconnectReason(.connectionLost))) != nil)
        #expect(dead.rotateRequested().isEmpty)
    }

    @Test("A rotation that succeeds starts the pauses from the first again")
    func resets() throws {
        var machine = Self.live()
        for number in UInt64(2)...4 {
            Self.dial(&machine, number)
            _ = machine.socketEnded(Self.id(number), reason: Self.refused)
            _ = machine.timerFired(.rotationPause)
        }
        Self.dial(&machine, 5)
        _ = machine.socketOpened(Self.id(5))
        _ = machine.rotationReady()
        _ = machine.socketEnded(Self.id(1), reason: DisconnectReason(.rotated))
        Self.dial(&machine, 6)
        let pause = try #require(Self.pause(machine.socketEnded(Self.id(6), reason: Self.refused)))
        #expect(pause <= .seconds(20))
    }

    @Test("A pause is over when another socket becomes the current one")
    func endsWithItsSocket() {
        var machine = Self.live()
        Self.dial(&machine, 2)
        _ = machine.socketEnded(Self.id(2), reason: Self.refused)
        _ = machine.socketEnded(Self.id(1), reason: DisconnectReason(.connectionLost))
        _ = machine.timerFired(.backoff)
        _ = machine.permitGranted(attempt: 3)
        _ = machine.resolved(attempt: 3)
        #expect(machine.socketOpened(Self.id(3)).contains(.disarm(.rotationPause)))
        #expect(!machine.rotateRequested().isEmpty)
    }
}
