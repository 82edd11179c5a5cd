import CNATS
package import Resilience
import Synchronization

/// This process's membership in a budget that several processes share, kept alive on a thread of its own.
///
/// A server that is slow or away costs nothing but the shares beyond the floor, which run out by themselves.
package final class SharedBudget: Sendable {
    package struct Settings: Sendable {
        package var connection: NATSConnectionOptions
        package var bucket: String
        /// Who we are, another one in each process and at each start.
        package var id: String
        package var member: BudgetMember.Settings

        package init(
            connection: NATSConnectionOptions, bucket: String, id: String, member: BudgetMember.Settings
        ) {
            self.connection = connection
            self.bucket = bucket
            self.id = id
            self.member = member
        }
    }

    package struct Counts: Sendable, Equatable {
        /// Times that the document was written, and that a turn passed without.
        package var written: UInt64 = 0
        package var failed: UInt64 = 0
        /// Times that another member wrote first.
        package var overtaken: UInt64 = 0
        /// Times that the key held something else than a document.
        package var unreadable: UInt64 = 0
        /// Members that are heard, us among them; 0 while the server is away.
        package var members = 0
        /// Whether more members were heard than the limits are divided for.
        package var isCrowded = false
        /// Why the last turn passed without writing; nil when it did not.
        package var problem: String?

        package init() {}
    }

    /// How often a turn is tried when others write first.
    private static let triesMost = 4

    private let settings: Settings
    private let registry: LimiterRegistry<ContinuousClock>
    private let counts = Mutex(Counts())
    private let isStopping = Atomic<Bool>(false)
    private let isRunning = Atomic<Bool>(false)
    private let waker = PublisherWaker()
    private let thread = Mutex<NativeThread?>(nil)

    /// Leaves the limits of the registry to the others but for the floor, from now on.
    package init(_ settings: Settings, of registry: LimiterRegistry<ContinuousClock>) {
        self.settings = settings
        self.registry = registry
        registry.share(settings.member.terms)
    }

    /// Joins the others; does nothing more when the system has no thread left, and each keeps to its floor.
    package func start() {
        let started = NativeThread(name: "budget") { [self] in
            self.run()
            nats_ReleaseThreadMemory()
            self.isRunning.store(false, ordering: .releasing)
        }
        self.isRunning.store(started != nil, ordering: .releasing)
        self.thread.withLock { $0 = started }
    }

    /// Leaves, within some seconds; what was used counts with the others until it has run out.
    package func stop() async {
        self.isStopping.store(true, ordering: .relaxed)
        self.waker.wake()
        let deadline = ContinuousClock.now + .seconds(3)
        while self.isRunning.load(ordering: .acquiring), ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.detach()
        self.registry.share(nil)
    }

    package var figures: Counts { self.counts.withLock { $0 } }

    private func run() {
        var member = BudgetMember(id: self.settings.id, settings: self.settings.member)
        var connection: NATSConnection?
        var bucket: BudgetBucket?
        while !self.isStopping.load(ordering: .relaxed) {
            do throws(NATSError) {
                if connection?.isClosed ?? true {
                    bucket = nil
                    connection = try NATSConnection(
                        self.settings.connection, signals: ConnectionSignals(waker: self.waker), pendingAnswers: 1)
                }
                if bucket == nil, let connection {
                    bucket = try BudgetBucket(connection, bucket: self.settings.bucket)
                }
                if let bucket { try self.turn(&member, bucket) }
            } catch {
                // The bucket may have been made anew, with another server behind the address.
                bucket = nil
                self.counts.withLock { counts in
                    counts.failed &+= 1
                    counts.members = 0
                    counts.problem = error.description
                }
            }
            self.pause()
        }
    }

    private func pause() {
        guard !self.isStopping.load(ordering: .relaxed) else { return }
        // Not in step with the others.
        let milliseconds = BudgetMember.interval.wholeMilliseconds
        self.waker.pause(milliseconds: Int32.random(in: Int32(milliseconds * 8 / 10)...Int32(milliseconds)))
    }

    /// Reads, writes, and uses what was written; begins anew when another member wrote in between.
    private func turn(_ member: inout BudgetMember, _ bucket: BudgetBucket) throws(NATSError) {
        var last: NATSError?
        for _ in 0..<Self.triesMost {
            let found = try bucket.read()
            let document = found.flatMap { BudgetDocument($0.bytes) }
            if found != nil, document == nil { self.counts.withLock { $0.unreadable &+= 1 } }
            let proposal = self.registry.propose(&member, after: document)
            do throws(NATSError) {
                try bucket.write(proposal.document.bytes, after: found?.revision)
            } catch {
                // The library says of a revision that is not the last no more than an error.
                guard error.kind == .other else { throw error }
                self.counts.withLock { $0.overtaken &+= 1 }
                last = error
                continue
            }
            self.registry.accept(proposal)
            self.counts.withLock { counts in
                counts.written &+= 1
                counts.members = member.heard
                counts.isCrowded = member.isCrowded
                counts.problem = nil
            }
            return
        }
        if let last { throw last }
    }
}
