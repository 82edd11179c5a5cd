import Logging
import Observability
import Publishing
import Synchronization
import Transport

/// The pages on loopback: computed every second from what the stages say, answered from memory.
///
/// A page never touches a loop: a request costs the frame path nothing.
final class HealthPages: Sendable {
    /// Age of the pages beyond which the process counts as stuck.
    private static let stuckMicroseconds: Int64 = 15_000_000

    /// How far the clocks may be apart before it is said.
    private static let skewMicroseconds: Int64 = 1_000_000

    private struct Pages {
        var madeMicroseconds: Int64 = 0
        var isReady = false
        var ready = "not ready: starting\n"
        var metrics = ""
        var status = "{}\n"
    }

    private unowned let service: CollectorService
    private let pages = Mutex(Pages())
    private let skewWarned = Mutex(Int64(0))

    init(_ service: CollectorService) {
        self.service = service
    }

    /// Answers a request, on the control loop.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let pages = self.pages.withLock { $0 }
        switch request.path {
        case "/healthz":
            let age = LoopClock.wallMicroseconds() - pages.madeMicroseconds
            let isAlive = pages.madeMicroseconds == 0 || age < Self.stuckMicroseconds
            return HTTPResponse(
                status: isAlive ? 200 : 503, text: isAlive ? "ok\n" : "stuck: no figures for too long\n")
        case "/readyz":
            return HTTPResponse(status: pages.isReady ? 200 : 503, text: pages.ready)
        case "/metrics":
            return HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", text: pages.metrics)
        case "/status":
            return HTTPResponse(contentType: "application/json", text: pages.status)
        default:
            return HTTPResponse(status: 404, text: "pages: /healthz /readyz /metrics /status\n")
        }
    }

    /// Says once a minute that the venue's clock and ours are apart.
    private func warnOfSkew(_ report: ServiceReport) {
        guard let skew = report.clockSkewMicroseconds, abs(skew) > Self.skewMicroseconds else { return }
        let isDue = self.skewWarned.withLock { last in
            guard report.microseconds - last > 60_000_000 else { return false }
            last = report.microseconds
            return true
        }
        if isDue {
            self.service.log.warning("the venue's clock and ours are apart", metadata: ["microseconds": "\(skew)"])
        }
    }

    /// Makes the pages anew every second until cancelled.
    func refresh(_ observe: @Sendable (LiveSummary) -> Void) async {
        let notifier = ServiceNotifier()
        defer { notifier.send(.stopping) }
        notifier.send(.ready)
        var previous: ServiceReport?
        while !Task.isCancelled {
            let report = await ServiceReport.make(self.service)
            let verdict = report.verdict
            let pages = Pages(
                madeMicroseconds: report.microseconds, isReady: verdict.isEmpty,
                ready: verdict.isEmpty ? "ready\n" : "not ready:\n" + verdict.map { "- \($0)\n" }.joined(),
                metrics: MetricsPage.text(report), status: StatusPage.json(report))
            self.pages.withLock { $0 = pages }
            // Every loop has answered for this report: none of them is stuck.
            if notifier.watchdogPeriod != nil { notifier.send(.watchdog) }
            self.service.liveBooks.store(report.booksLive, ordering: .relaxed)
            self.warnOfSkew(report)
            observe(report.liveSummary(since: previous))
            previous = report
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }
}
