import Backfill
import Logging
import MarketModel
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// The making of the stages: queues, loops' workers, requests, pages, and the budgets of new connections.
extension CollectorService {
    /// The budgets of new connections: as with requests, one venue, wherever it is served.
    static func connectBudgets(
        _ configuration: Configuration
    ) -> [VenueID: ConnectBudget<ContinuousClock>] {
        let settings = configuration.requestSettings
        var budgets: [VenueID: ConnectBudget<ContinuousClock>] = [:]
        for venue in VenueCatalog.all {
            let scopes = venue.scopes(limits: configuration.limits[venue.id])
            guard let segment = venue.segments.first else { continue }
            let scope = venue.connectScope(of: segment)
            guard let limits = scopes[scope] else { continue }
            budgets[venue.id] = ConnectBudget(
                limiter: LimiterRegistry.process.limiter(
                    for: settings.scopeName(scope, of: venue), limits: limits), slots: Self.slotsMost)
        }
        return budgets
    }

    func makeQueue() -> PublishQueue {
        let limits = QueueLimits(
            bytes: self.configuration.queue.bytes.bytes, messages: self.configuration.queue.messages)
        return self.publisher.makeQueue(
            limits: limits, modes: self.configuration.nats.modes.publishModes)
    }

    /// Starts the loops, the publisher and the pages.
    func startStages(_ pages: HealthPages) async throws(Unavailable) -> HTTPServer? {
        do {
            for loop in self.loops { try loop.start() }
            try self.control.start()
            try self.publisher.start()
            self.sharedBudget?.start()
            guard self.configuration.http.enabled else { return nil }
            var listen = HTTPServerConfiguration()
            listen.address = self.configuration.http.listen.host
            listen.port = Int(self.configuration.http.listen.port)
            listen.maxConnections = 64
            let server = HTTPServer(loop: self.control, configuration: listen, onRequest: { pages.answer($0) })
            let port = try await server.start()
            self.pagesPort.store(port, ordering: .relaxed)
            self.log.info("health pages", metadata: ["port": "\(port)"])
            return server
        } catch {
            throw Unavailable(description: "\(error)")
        }
    }

    func makeRequests() throws(Unavailable) -> VenueRequests {
        do {
            return try VenueRequests(self.configuration, loop: self.control, resolver: self.resolver)
        } catch {
            throw Unavailable(description: "\(error)")
        }
    }

    func makeWorker(_ index: Int, _ queue: PublishQueue) {
        let builder = LoopBuilder(service: self, index: index)
        let isMade = self.workers[index].make { context in
            let worker = builder.make(context, queue)
            worker.start()
            return worker
        }
        if !isMade { self.log.error("a loop takes no commands", metadata: ["loop": "\(index)"]) }
    }
}
