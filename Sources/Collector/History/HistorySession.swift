package import Backfill
package import Logging
import Glibc
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

    /// - Parameter natsURL: The address of the server that the collector runs as its child, if it does.
    package init(_ configuration: Configuration, natsURL: String?, log: Logger) throws(Unavailable) {
        do {
            let store = try Self.openStore(configuration)
            self.loop = ServiceLoop(
                options: ServiceLoopOptions(name: "history", caFile: configuration.transport.caFile))
            self.resolver = Resolver()
            try self.loop.start()
            self.rest = try VenueRequests(configuration, loop: self.loop, resolver: self.resolver)
            self.service = try HistoryService(
                configuration, store: store, rest: self.rest, resolver: self.resolver, natsURL: natsURL, log: log)
        } catch {
            throw Unavailable(description: "\(error)")
        }
    }

    /// Ends everything.
    package func close() async {
        await self.service.close()
        await self.rest.close()
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
