import Logging
import Observability
import Publishing
import Synchronization
import Transport

/// The pages on loopback: computed every second from what the stages say, answered from memory.
///
/// A page never touches a loop: a request costs the frame path nothing.
final class HealthPages: Sendable {
    /// How long a round waits for a loop's answer.
    private static let patience = Duration.seconds(1)

    /// Every how many rounds the process's descriptors and sockets are looked at, which reads many files.
    private static let roundsPerLook = 5

    private static let json = "application/json"

    private struct Pages {
        var madeSteady = LoopClock.monotonicMicroseconds()
        var input: HealthInput?
        var metrics: [UInt8] = []
        var status: [UInt8] = []
        var memory: [UInt8] = []
    }

    private unowned let service: CollectorService
    private let watch: LoopWatch
    private let model = HealthModel()
    private let pages = Mutex(Pages())

    init(_ service: CollectorService) {
        self.service = service
        self.watch = LoopWatch(service.workers)
    }

    /// Answers a request, on the control loop.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let pages = self.pages.withLock { $0 }
        switch request.path {
        case "/healthz":
            return Self.response(self.verdict(pages).healthzPage)
        case "/readyz":
            return Self.response(self.verdict(pages).readyzPage)
        case "/metrics":
            return HTTPResponse(contentType: PrometheusText.contentType, body: pages.metrics)
        case "/status":
            return HTTPResponse(contentType: Self.json, body: pages.status)
        case "/debug/memory":
            return HTTPResponse(contentType: Self.json, body: pages.memory)
        default:
            return HTTPResponse(status: 404, text: "pages: /healthz /readyz /metrics /status /debug/memory\n")
        }
    }

    /// Judges the last figures by the age they have now, so that a stop of the rounds shows like any other.
    private func verdict(_ pages: Pages) -> HealthReport {
        let age = Duration.microseconds(LoopClock.monotonicMicroseconds() - pages.madeSteady)
        let rounds = HealthInput.Loop(name: "pages", tickAge: age)
        guard let input = pages.input else {
            let nothing = HealthInput.NATS(connected: false, confirmedAge: nil, awaiting: 0)
            return self.model.assess(
                HealthInput(uptime: age, feeds: [], books: HealthInput.Books(), loops: [rounds], nats: nothing))
        }
        var aged = input.aged(by: age)
        aged.loops.append(rounds)
        return self.model.assess(aged)
    }

    private static func response(_ page: HealthReport.Page) -> HTTPResponse {
        HTTPResponse(status: page.status, contentType: Self.json, body: page.body)
    }

    /// Makes the pages anew every second until cancelled.
    func refresh(_ observe: @Sendable (LiveSummary) -> Void) async {
        let notifier = ServiceNotifier()
        defer {
            self.pages.withLock { $0.input?.stopping = true }
            notifier.send(.stopping)
        }
        notifier.send(.ready)
        var background = ServiceReport.Background(process: ProcessMemory.read(), history: ResidentHistory())
        var warnings = ServiceWarnings(self.service.sampledLog)
        var previous: ServiceReport?
        var rounds = 0
        while !Task.isCancelled {
            let loops = await self.watch.look(patience: Self.patience)
            if rounds % Self.roundsPerLook == 0 { background.process = ProcessMemory.read() }
            rounds += 1
            let report = ServiceReport.make(self.service, loops: loops, background: &background)
            self.show(report, notifier)
            self.signLife(report)
            warnings.look(at: report)
            observe(report.liveSummary(since: previous))
            previous = report
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private func signLife(_ report: ServiceReport) {
        let names = report.connections.map(\.name)
        guard !self.service.life.beat(now: LoopClock.wallMicroseconds(), connections: names) else { return }
        self.service.sampledLog.tell(
            "the sign of life cannot be written", about: "alive",
            metadata: ["directory": "\(self.service.configuration.stateDirectory)"])
    }

    private func show(_ report: ServiceReport, _ notifier: ServiceNotifier) {
        let input = report.healthInput
        let verdict = self.model.assess(input)
        let families = MetricsPage.families(report, verdict)
        let pages = Pages(
            madeSteady: report.steady, input: input, metrics: PrometheusText.render(families),
            status: StatusPage.json(report, verdict),
            memory: MemoryPage.json(report, series: families.reduce(0) { $0 + $1.series }))
        self.pages.withLock { $0 = pages }
        if notifier.watchdogPeriod != nil, verdict.healthy { notifier.send(.watchdog) }
        self.service.liveBooks.store(report.booksLive, ordering: .relaxed)
    }
}
