import TestSupport
import Testing

@testable import Transport

@Suite("The choice of an endpoint")
struct EndpointChoiceTests {
    private static let lost = DisconnectReason(.connectionLost)
    private static let notFound = DisconnectReason(.upgradeRefused, httpStatus: 404)

    private static func id(_ serial: UInt64) -> SocketID { SocketID(slot: 1, serial: serial) }

    private static func machine() -> ConnectionSlotMachine {
        var timing = ConnectionSlotMachine.Timing()
        timing.startSpread = .zero
        timing.backoffBase = .zero
        var machine = ConnectionSlotMachine(
            slot: 1, endpointCount: 2, timing: timing, generator: SeededGenerator(seed: 5))
        _ = machine.start()
        return machine
    }

    /// Goes from the backoff, or from the live socket, to a socket that connects, and says where.
    private static func dial(_ machine: inout ConnectionSlotMachine, attempt: UInt64) -> Int? {
        _ = machine.timerFired(.backoff)
        _ = machine.permitGranted(attempt: attempt)
        for case .open(_, let endpoint) in machine.resolved(attempt: attempt) { return endpoint }
        return nil
    }

    @Test("Reconnects and rotations go where the data came from, whatever became of a rotation")
    func keepsWhatDelivers() {
        var machine = Self.machine()
        #expect(Self.dial(&machine, attempt: 1) == 0)
        _ = machine.socketEnded(Self.id(1), reason: Self.notFound)
        #expect(Self.dial(&machine, attempt: 2) == 1)
        _ = machine.socketOpened(Self.id(2))
        machine.delivered(Self.id(2))

        _ = machine.rotateRequested()
        #expect(Self.dial(&machine, attempt: 3) == 1)
        _ = machine.socketEnded(Self.id(3), reason: Self.notFound)
        _ = machine.timerFired(.rotationPause)
        _ = machine.rotateRequested()
        #expect(Self.dial(&machine, attempt: 4) == 1)
        _ = machine.socketOpened(Self.id(4))
        _ = machine.timerFired(.rotation)
        _ = machine.socketEnded(Self.id(4), reason: DisconnectReason(.rotationGivenUp))

        _ = machine.socketEnded(Self.id(2), reason: Self.lost)
        #expect(Self.dial(&machine, attempt: 5) == 1)
        _ = machine.socketEnded(Self.id(5), reason: DisconnectReason(.connectFailed))
        #expect(Self.dial(&machine, attempt: 6) == 1)
    }

    @Test("Two sockets in a row that end before they deliver lead to the next endpoint")
    func opensInVain() {
        var machine = Self.machine()
        var endpoints: [Int?] = []
        for number in UInt64(1)...4 {
            endpoints.append(Self.dial(&machine, attempt: number))
            _ = machine.socketOpened(Self.id(number))
            if number % 2 == 0 { _ = machine.reconnectRequested() }
            _ = machine.socketEnded(Self.id(number), reason: Self.lost)
        }
        #expect(endpoints == [0, 0, 1, 1])
        #expect(machine.endpoint == 0)
    }

    @Test("An endpoint that the consumer gives up is not blamed again when its socket ends")
    func givenUp() {
        var machine = Self.machine()
        _ = Self.dial(&machine, attempt: 1)
        _ = machine.socketOpened(Self.id(1))
        machine.useNextEndpoint()
        _ = machine.reconnectRequested()
        _ = machine.socketEnded(Self.id(1), reason: DisconnectReason(.replaced))
        #expect(Self.dial(&machine, attempt: 2) == 1)
        _ = machine.socketEnded(Self.id(2), reason: Self.lost)
        #expect(machine.endpoint == 1)
    }

    @Test(
        "What a failure says about its endpoint",
        arguments: [
            (DisconnectReason(.upgradeRefused, httpStatus: 404), 1), (DisconnectReason(.upgradeRefused), 1),
            (DisconnectReason(.upgradeRefused, httpStatus: 503), 2), (DisconnectReason(.upgradeTimedOut), 2),
            (DisconnectReason(.closedByPeer), 2),
        ])
    func movesOn(reason: DisconnectReason, after failures: Int) {
        var choice = EndpointChoice(count: 3)
        for _ in 1..<failures { choice.failed(at: 0, reason) }
        #expect(choice.next == 0)
        choice.failed(at: 0, reason)
        #expect(choice.next == 1)
        choice.failed(at: 0, reason)
        choice.failed(at: 0, reason)
        #expect(choice.next == 1)
    }

    @Test(
        "Nobody reached, and a refusal for rate, say nothing about an endpoint",
        arguments: [
            DisconnectReason(.resolveFailed), DisconnectReason(.resolveTimedOut), DisconnectReason(.connectFailed),
            DisconnectReason(.connectTimedOut), DisconnectReason(.upgradeRefused, httpStatus: 429),
            DisconnectReason(.upgradeRefused, httpStatus: 418),
        ])
    func stays(reason: DisconnectReason) {
        var choice = EndpointChoice(count: 2)
        for _ in 0..<5 { choice.failed(at: 0, reason) }
        #expect(choice.next == 0)
    }

    @Test("A delivery forgets the failures before it")
    func forgets() {
        var choice = EndpointChoice(count: 2)
        choice.failed(at: 0, Self.lost)
        choice.delivered(at: 0)
        choice.failed(at: 0, Self.lost)
        #expect(choice.next == 0)
    }
}
