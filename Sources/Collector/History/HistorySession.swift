package import Backfill
package import Logging
import Glibc
import Publishing
import Resilience
import Transport

/// History in a process of its own: a loop for requests, the store, and what works on it.
///
/// One process at a time works on the jobs of a state directory; others add jobs and change their states.
package final class HistorySession: Sendable {
    /// What stands in the way.
    package struct Unavailable: Error, CustomStringConvertible, Sendable {
        package let description: String
    }

    package let service: HistoryService
    private let loop: ServiceLoop
    private let resolver: Resolver
    private let rest: VenueRequests
    /// Our part of the limits; nil where they are all ours.
    private let sharedBudget: SharedBudget?

    /// - Parameter natsURL: The address of the server that the collector runs as its child, if it does.
    package init(_ configuration: Configuration, natsURL: String?, log: Logger) throws(Unavailable) {
        self.sharedBudget = configuration.sharedBudgetSettings(
            embedded: natsURL ?? configuration.ownServerURL,
            boot: String(LoopClock.wallMicroseconds() / 1_000, radix: 36)
        ).map { SharedBudget($0, of: .process) }
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "history", caFile: configuration.transport.caFile))
        let resolver = Resolver()
        (self.loop, self.resolver) = (loop, resolver)
        var store: HistoryStore?
        do {
            let opened = try Self.openStore(configuration)
            store = opened
            try loop.start()
            self.rest = try VenueRequests(configuration, loop: loop, resolver: resolver)
            self.service = try HistoryService(
                configuration, store: opened, rest: self.rest, resolver: resolver, natsURL: natsURL, log: log)
        } catch {
            store?.close()
            loop.stop()
            resolver.stop()
            throw Unavailable(description: "\(error)")
        }
        self.sharedBudget?.start()
    }

    /// Ends everything.
    package func close() async {
        await self.service.close()
        await self.rest.close()
        await self.sharedBudget?.stop()
        self.loop.stop()
        self.resolver.stop()
    }

    /// The folder of the jobs and of what is being downloaded.
    package static func directory(_ configuration: Configuration) -> String {
        configuration.stateDirectory + "/history"
    }

    /// Opens the store, which is made where it is missing.
    package static func openStore(_ configuration: Configuration) throws(HistoryStoreError) -> HistoryStore {
        let directory = Self.directory(configuration)
        mkdir(configuration.stateDirectory, 0o750)
        mkdir(directory, 0o750)
        return try HistoryStore(path: directory + "/jobs.sqlite")
    }

    /// Takes the work on the jobs for this process; refused while another has it.
    package static func lock(_ configuration: Configuration) throws(StateLock.Refusal) -> StateLock {
        try StateLock(directory: Self.directory(configuration))
    }
}

extension Configuration {
    /// The address of the server that a collector of this configuration runs as its child; nil where it runs none, or on
    /// any free port.
    var ownServerURL: String? {
        guard self.nats.servers.isEmpty, self.nats.embedded.port != 0 else { return nil }
        return "nats://127.0.0.1:\(self.nats.embedded.port)"
    }
}
