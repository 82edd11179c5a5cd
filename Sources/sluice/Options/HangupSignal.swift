import Glibc
import Synchronization

/// Counts SIGHUP, which asks for the configuration to be read again.
enum HangupSignal {
    /// How many have come since they were taken over.
    static var count: Int { hangups.load(ordering: .relaxed) }

    /// Takes SIGHUP over: without that it ends the process.
    static func catchAll() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = noteHangup
        action.sa_flags = SA_RESTART
        sigaction(SIGHUP, &action, nil)
    }
}

private let hangups = Atomic<Int>(0)

/// The signal handler: an atomic addition and nothing else.
private func noteHangup(_ number: Int32) {
    hangups.add(1, ordering: .relaxed)
}
