import Logging
import Observability
import Synchronization

/// A log whose repeated events are sampled by key, so that a storm cannot flood it.
///
/// An event that was let through after others were not says how many; all of them are counted for `/metrics`.
struct SampledLog: Sendable {
    private final class State: Sendable {
        let sampler = Mutex(LogSampler())
        let origin = ContinuousClock.now
    }

    let log: Logger
    private let state = State()

    init(_ log: Logger) {
        self.log = log
    }

    /// Every event that was not logged.
    var suppressed: UInt64 { self.state.sampler.withLock { $0.suppressed } }

    var keys: Int { self.state.sampler.withLock { $0.keys } }
    var keysMaximum: Int { self.state.sampler.withLock { $0.keysMaximum } }

    /// Logs an event unless enough of its kind were.
    ///
    /// - Parameters:
    ///   - about: What the event is of, beside its message: a segment, a connection.
    ///   - now: Since an origin of the caller's choice; nil takes the time since this log was made.
    func tell(
        _ message: Logger.Message, about: String = "", level: Logger.Level = .warning,
        metadata: Logger.Metadata = [:], now: Duration? = nil
    ) {
        let now = now ?? self.state.origin.duration(to: .now)
        switch self.state.sampler.withLock({ $0.sample("\(message)/\(about)", now: now) }) {
        case .suppress: return
        case .log(let suppressed):
            var metadata = metadata
            if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
            self.log.log(level: level, message, metadata: metadata)
        }
    }
}
