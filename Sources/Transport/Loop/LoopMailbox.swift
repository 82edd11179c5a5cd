internal import CLibwebsockets
internal import Synchronization

/// The one thing that another thread may do to a running context: wake it.
private struct Waker: @unchecked Sendable {
    // Safe: the library allows `lws_cancel_service` from any thread while the context exists, and the loop
    // takes its waker away, under the mailbox's lock, before it destroys the context.
    let pointer: OpaquePointer

    func wake() {
        lws_cancel_service(self.pointer)
    }
}

/// The bounded way into a loop: commands in order, each with a wake under the lock.
final class LoopMailbox: Sendable {
    typealias Command = @Sendable (LoopContext) -> Void

    private struct State {
        var waker: Waker?
        var commands: [Command] = []
        var isStopping = false
    }

    private let limit: Int
    private let state = Mutex(State())
    private let hasWork = Atomic<Bool>(false)
    private let refusedCount = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Commands refused because the mailbox was full or no loop was running to take them.
    var refused: Int { self.refusedCount.load(ordering: .relaxed) }

    /// Commands waiting now.
    var count: Int { self.state.withLock { $0.commands.count } }

    func open(context: OpaquePointer) {
        let waker = Waker(pointer: context)
        self.state.withLock { $0.waker = waker }
    }

    /// Queues `command` and wakes the loop; `false` when it is full or not running.
    func submit(_ command: @escaping Command) -> Bool {
        let taken = self.state.withLock { state in
            guard let waker = state.waker, !state.isStopping, state.commands.count < self.limit else { return false }
            state.commands.append(command)
            if state.commands.count == 1 {
                self.hasWork.store(true, ordering: .releasing)
                waker.wake()
            }
            return true
        }
        if !taken { self.refusedCount.wrappingAdd(1, ordering: .relaxed) }
        return taken
    }

    /// Refuses further commands and wakes the loop so that it ends.
    func stop() {
        self.state.withLock { state in
            state.isStopping = true
            self.hasWork.store(true, ordering: .releasing)
            state.waker?.wake()
        }
    }

    /// Runs what waits, on the loop's thread; `false` once the loop shall end.
    func drain(into context: LoopContext) -> Bool {
        guard self.hasWork.load(ordering: .acquiring) else { return true }
        let (commands, isStopping) = self.state.withLock { state in
            self.hasWork.store(false, ordering: .relaxed)
            let commands = state.commands
            state.commands = []
            return (commands, state.isStopping)
        }
        for command in commands { command(context) }
        return !isStopping
    }

    /// Takes the waker away; after this nobody touches the context from outside.
    func close() {
        self.state.withLock { $0.waker = nil }
    }
}
