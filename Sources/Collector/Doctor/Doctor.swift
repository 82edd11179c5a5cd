import Backfill
import Resilience
import Transport
import Venues

/// Looks at everything that a configuration needs, a few requests each, and says what is wrong and what to do about it.
///
/// Requests to the venues' APIs and connections go through the core and the venue's budgets, tried once; the few to
/// addresses of archives, which have no budget, go straight there. Every probe has a deadline, and at most
/// `Settings.parallel` run at a time.
package struct Doctor: Sendable {
    package struct Settings: Sendable {
        /// How often each address is tried.
        package var tries = 5
        /// What a try may take in each of its phases.
        package var deadline = Duration.seconds(5)
        package var parallel = 8
        package var facts = DoctorFacts()

        package init() {}
    }

    let configuration: Configuration
    let settings: Settings

    package init(_ configuration: Configuration, settings: Settings = Settings()) {
        self.configuration = configuration
        self.settings = settings
    }

    /// What the probes of addresses share.
    struct Tools: Sendable {
        let client: HTTPClient
        let loop: ServiceLoop
        let resolver: Resolver
    }

    /// Looks at everything.
    package func examine() async -> DoctorReport {
        let system = self.system + self.disks
        guard self.configuration.simulator == nil else {
            let finding = DoctorFinding(
                .requests, "simulator", .skipped,
                "the collector starts it in the venues' place; nothing is asked of them")
            return DoctorReport(await system + [finding] + self.natsFindings())
        }
        var options = ServiceLoopOptions(name: "doctor")
        options.caFile = self.configuration.transport.caFile
        let loop = ServiceLoop(options: options)
        let resolver = Resolver()
        defer {
            resolver.stop()
            loop.stop()
        }
        var client = HTTPClientConfiguration()
        client.resolver = resolver
        client.caFile = self.configuration.transport.caFile
        client.proxy = self.configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
        let tools: Tools
        do {
            try loop.start()
            tools = Tools(
                client: try HTTPClient(loop: loop, configuration: client), loop: loop, resolver: resolver)
        } catch {
            let finding = DoctorFinding(
                .requests, "this process", .broken, "it cannot open connections at all: \(error)",
                advice: "look at transport.ca_file and at the limits below")
            return DoctorReport(await system + [finding] + self.natsFindings())
        }
        let probes = self.requestProbes(tools) + self.streamProbes(tools) + self.archiveProbes(tools)
        let findings = await self.run(probes)
        let nats = await self.natsFindings()
        await tools.client.close()
        return DoctorReport(system + findings + nats)
    }

    typealias Probe = @Sendable () async -> DoctorFinding

    /// Runs probes, a bounded number at a time.
    private func run(_ probes: [Probe]) async -> [DoctorFinding] {
        await withTaskGroup(of: DoctorFinding.self) { group in
            var findings: [DoctorFinding] = []
            for (index, probe) in probes.enumerated() {
                if index >= max(1, self.settings.parallel), let finding = await group.next() {
                    findings.append(finding)
                }
                group.addTask { await probe() }
            }
            for await finding in group { findings.append(finding) }
            return findings
        }
    }

    /// The sections by what is asked of them: one of each address.
    func sections(
        by address: (SegmentSettings) -> Endpoint
    ) -> [(venue: any Venue, segment: VenueSegment, endpoint: Endpoint, names: String)] {
        var found: [(venue: any Venue, segment: VenueSegment, endpoint: Endpoint, names: String)] = []
        for (segment, settings) in self.configuration.venues.segments {
            guard let venue = VenueCatalog.venue(segment.id.venue) else { continue }
            let endpoint = address(settings)
            if let same = found.firstIndex(where: { $0.endpoint == endpoint && $0.venue.id == venue.id }) {
                found[same].names += ", \(segment.id.name)"
            } else {
                found.append((venue, segment, endpoint, "\(venue.id) \(segment.id.name)"))
            }
        }
        return found
    }

    /// The limiters that costs of a venue are taken from.
    func draws(_ costs: [VenueRequest.Cost], of venue: any Venue) -> [RateDraw<ContinuousClock>] {
        let known = venue.scopes(limits: self.configuration.limits[venue.id])
        let names = self.configuration.requestSettings
        return costs.compactMap { cost in
            known[cost.scope].map { limits in
                RateDraw(
                    LimiterRegistry.process.limiter(for: names.scopeName(cost.scope, of: venue), limits: limits),
                    weight: cost.weight)
            }
        }
    }

    var deadlines: HTTPClientRequest.Deadlines {
        var deadlines = HTTPClientRequest.Deadlines()
        deadlines.total = self.settings.deadline * 2
        deadlines.queue = self.settings.deadline
        deadlines.connect = self.settings.deadline
        deadlines.tls = self.settings.deadline
        deadlines.firstByte = self.settings.deadline
        deadlines.progress = self.settings.deadline
        return deadlines
    }
}
