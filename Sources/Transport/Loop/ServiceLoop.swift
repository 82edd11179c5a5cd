internal import CLibwebsockets
internal import Glibc
internal import Synchronization

/// One library context on one thread of its own.
///
/// The library allows other threads nothing but waking a loop (`lws_cancel_service`,
/// <https://libwebsockets.org/lws-api-doc-v4.1-stable/html/>): all work goes through `submit`, and everything
/// that a command touches stays on the loop's thread.
package final class ServiceLoop: Sendable {
    private enum State {
        case idle
        case running(pthread_t)
        case stopped
    }

    /// What the loop is created with.
    package let options: ServiceLoopOptions

    private let mailbox: LoopMailbox
    private let state = Mutex(State.idle)

    package init(options: ServiceLoopOptions) {
        self.options = options
        self.mailbox = LoopMailbox(limit: options.mailboxLimit)
    }

    deinit {
        self.stop()
    }

    /// Commands that were refused, because the mailbox was full or the loop did not run.
    package var refusedCommands: Int { self.mailbox.refused }

    /// Commands that wait now.
    package var waitingCommands: Int { self.mailbox.count }

    /// Commands that may wait.
    package var mailboxLimit: Int { self.options.mailboxLimit }

    /// Creates the context and its thread.
    ///
    /// Loops are best started before any of them connects: the library renews a process-wide TLS index with
    /// each context, so a handshake that is under way on another loop may be refused once, and a loop that stops
    /// after a later one started does not give the memory of its trusted certificates back (4.1.6).
    package func start() throws(ServiceLoopError) {
        try self.state.withLock { (state) throws(ServiceLoopError) in
            guard case .idle = state else { throw .alreadyStarted }
            state = .running(try self.launch())
        }
    }

    /// Puts a command into the mailbox and wakes the loop; from any thread.
    ///
    /// - Returns: Whether the command will run; `false` when the mailbox is full or the loop does not run.
    package func submit(_ command: @escaping @Sendable (LoopContext) -> Void) -> Bool {
        self.mailbox.submit(command)
    }

    /// Ends every socket, destroys the context and returns after the last callback; a second call does nothing.
    package func stop() {
        self.state.withLock { state in
            guard case .running(let thread) = state else { return }
            state = .stopped
            self.mailbox.stop()
            if pthread_equal(thread, pthread_self()) != 0 {
                pthread_detach(thread)  // the last owner went away inside a command: nobody is left to wait
            } else {
                pthread_join(thread, nil)
            }
        }
    }

    /// What the new thread takes over.
    private final class Launch {
        let context: LoopContext

        init(context: LoopContext) {
            self.context = context
        }
    }

    private func launch() throws(ServiceLoopError) -> pthread_t {
        let context = try LoopContext(options: self.options, mailbox: self.mailbox)
        self.mailbox.open(context: context.pointer)
        let launch = Unmanaged.passRetained(Launch(context: context))  // taken by the thread
        var thread = pthread_t()
        // The thread is for sockets: signals go to the others.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let launch = Unmanaged<Launch>.fromOpaque(argument).takeRetainedValue()
                clws_name_thread(launch.context.options.name)
                launch.context.run()
                return nil
            }, launch.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            self.mailbox.close()
            launch.release()
            context.discard()
            throw .threadRefused(errno: code)
        }
        return thread
    }
}
