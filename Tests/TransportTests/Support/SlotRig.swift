import Glibc
import MarketModel
import Synchronization

@testable import Transport

/// What a slot told its consumer, as text, with hooks on the loop's thread.
final class RecordingConsumer: FrameConsumer {
    let log: Recorder<String>
    var onOpen: (SocketID) -> Void = { _ in }
    var onFrame: (Frame, SocketID) -> Void = { _, _ in }

    init(log: Recorder<String>) { self.log = log }

    override func socketOpened(_ id: SocketID) {
        self.log.append("open \(id.serial)")
        self.onOpen(id)
    }

    override func frameReceived(_ frame: Frame, on id: SocketID) {
        if frame.bytes.count < 100 { self.log.append("frame \(String(decoding: frame.bytes, as: UTF8.self))") }
        self.onFrame(frame, id)
    }

    override func socketClosed(_ id: SocketID, reason: DisconnectReason) {
        self.log.append("closed \(id.serial) \(reason.kind.rawValue)\(reason.closeCode.map { " \($0)" } ?? "")")
    }

    override func connectFailed(_ reason: DisconnectReason) {
        self.log.append("failed \(reason.kind.rawValue)\(reason.httpStatus.map { " \($0)" } ?? "")")
    }

    override func rotationEnded(_ outcome: ConnectionSlotMachine.RotationOutcome) {
        self.log.append("rotation \(outcome)")
    }
}

/// One loop with one slot, reached from the test's thread.
final class SlotRig: Sendable {
    private struct Held: @unchecked Sendable {
        // Safe: touched by commands of the loop only, and dropped after the loop ended.
        var slot: ConnectionSlot?
        var consumer: RecordingConsumer?
    }

    let loop: ServiceLoop
    let log = Recorder<String>()
    private let held = Mutex(Held())

    init(
        _ options: ConnectionSlotOptions, caFile: String? = nil, resolver: Resolver = Resolver(),
        prepare: @escaping @Sendable (ConnectionSlot, RecordingConsumer, LoopContext) -> Void = { _, _, _ in }
    ) throws {
        self.loop = ServiceLoop(options: ServiceLoopOptions(name: "rig", caFile: caFile))
        try self.loop.start()
        _ = self.loop.submit { [self] context in
            let consumer = RecordingConsumer(log: self.log)
            let slot = ConnectionSlot(context: context, options: options, resolver: resolver, consumer: consumer)
            let held = Held(slot: slot, consumer: consumer)
            self.held.withLock { $0 = held }
            prepare(slot, consumer, context)
            slot.start()
        }
    }

    func with(_ body: @escaping @Sendable (ConnectionSlot, LoopContext) -> Void) {
        _ = self.loop.submit { context in
            let held = self.held.withLock { $0 }
            if let slot = held.slot { body(slot, context) }
        }
    }

    /// The slot's counters, asked on the loop.
    func counters() -> (slot: ConnectionSlotCounters, loop: LoopCounters) {
        let answer = Mutex<(ConnectionSlotCounters, LoopCounters)?>(nil)
        self.with { slot, context in
            let counters = (slot.counters, context.counters)
            answer.withLock { $0 = counters }
        }
        _ = eventually { answer.withLock { $0 != nil } }
        return answer.withLock { $0 } ?? (ConnectionSlotCounters(), LoopCounters())
    }

    /// Waits until something was told; `false` after ten seconds.
    func saw(_ line: String, times: Int = 1) -> Bool {
        eventually { self.log.values.count { $0 == line } >= times }
    }

    /// Stops the slot, then the loop.
    func stop() -> Bool {
        let done = Signal()
        self.with { slot, _ in slot.stop { done.set() } }
        let isDone = done.wait(seconds: 10)
        self.loop.stop()
        self.held.withLock { $0 = Held() }
        return isDone
    }

    static func options(port: UInt16, host: String = "127.0.0.1", isSecure: Bool = false) -> ConnectionSlotOptions {
        var options = ConnectionSlotOptions(
            number: 1, endpoints: [WebSocketEndpoint(isSecure: isSecure, host: host, port: port, path: "/ws")])
        options.timing.startSpread = .zero
        options.timing.backoffBase = .milliseconds(2)
        options.timing.backoffCap = .milliseconds(20)
        options.limits.closeDeadline = .milliseconds(300)
        return options
    }
}
