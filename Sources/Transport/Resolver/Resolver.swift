internal import Glibc
internal import Synchronization

/// Why a name has no address.
package enum ResolveError: Error, Hashable, Sendable {
    /// The resolver's answer, as `getaddrinfo` numbers it (`EAI_NONAME` and so on).
    case refused(code: Int32)

    /// Its turn came after its deadline.
    case timedOut

    /// Too many names were waiting.
    case queueFull

    /// The resolver was stopped.
    case stopped
}

/// What a resolver is created with.
package struct ResolverOptions: Sendable {
    /// Threads that may sit in a look-up at once.
    package var threads = 2

    /// Requests that may wait, over all names.
    package var queueLimit = 512

    /// Names whose answer is remembered.
    package var cacheLimit = 256

    /// How long an answer is used again.
    package var cacheLifetime: Duration = .seconds(30)

    package init() {}
}

/// Looks names up on threads of its own, so that no loop ever waits for a name server.
///
/// Requests for one name share one look-up; answers are remembered for a short while and come rotated, so that
/// attempts in a row try different addresses.
package final class Resolver: Sendable {
    /// Answers with one or more numeric addresses.
    package typealias Completion = @Sendable (Result<[String], ResolveError>) -> Void

    /// Asks the name servers; blocks.
    package typealias Lookup = @Sendable (String) -> Result<[String], ResolveError>

    private let core: ResolverCore
    private let options: ResolverOptions
    private let isStarted = Mutex(false)

    package init(options: ResolverOptions = ResolverOptions(), lookup: Lookup? = nil) {
        self.options = options
        self.core = ResolverCore(options: options, lookup: lookup ?? { SystemLookup.addresses(of: $0) })
    }

    deinit {
        self.core.stop()
    }

    /// What was counted so far.
    package var counters: ResolverCounters { self.core.counters }

    /// Finds the addresses of `host`; a numeric address is its own answer.
    ///
    /// - Parameters:
    ///   - patience: A request whose turn comes later than this is answered `.timedOut` without a look-up. One
    ///     look-up may still take longer: the caller keeps a timer of its own.
    ///   - completion: Called once, here or on a resolver thread.
    package func resolve(host: String, patience: Duration, completion: @escaping Completion) {
        if SystemLookup.isNumeric(host) {
            completion(.success([host]))
            return
        }
        self.startThreads()
        self.core.request(host: host, patience: patience, completion: completion)
    }

    /// Answers what waits with `.stopped`; a thread inside a look-up ends after it, and nobody waits for it.
    package func stop() {
        self.core.stop()
    }

    private func startThreads() {
        self.isStarted.withLock { isStarted in
            guard !isStarted else { return }
            isStarted = true
            for _ in 0..<max(1, self.options.threads) { ResolverThread.start(core: self.core) }
        }
    }
}

/// What a resolver counts.
package struct ResolverCounters: Sendable, Equatable {
    /// Look-ups made.
    package internal(set) var lookups: UInt64 = 0
    /// Look-ups without an answer.
    package internal(set) var failures: UInt64 = 0
    /// Requests answered from memory.
    package internal(set) var cacheHits: UInt64 = 0
    /// Requests refused because too many waited.
    package internal(set) var refused: UInt64 = 0
    /// Requests whose turn came too late.
    package internal(set) var expired: UInt64 = 0
    /// Requests waiting now.
    package internal(set) var waiting = 0
    /// Names remembered now.
    package internal(set) var cached = 0
}
