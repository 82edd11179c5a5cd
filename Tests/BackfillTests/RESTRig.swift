import Backfill
import Synchronization
import TestSupport
import Transport
import Venues

@testable import Resilience

/// A venue on loopback that answers what it was told to, and the requests to it on a clock that stands still.
final class RESTRig: Sendable {
    /// The wall clock, which does not move either: 2026-07-21.
    static let wallMilliseconds: Int64 = 1_784_592_000_000

    let clock = ManualClock()
    let client: HTTPClient
    let server: HTTPServer
    let port: Int
    let rest: VenueREST<ManualClock>
    /// Another component that asks the same venues.
    let other: VenueREST<ManualClock>
    private let loop: ServiceLoop
    private let script: Script

    /// What is answered, the first answer first and the last one for ever, and what was asked.
    private final class Script: Sendable {
        let answers: Mutex<[HTTPResponse]>
        let asked = Mutex<[String]>([])

        init(_ answers: [HTTPResponse]) { self.answers = Mutex(answers) }

        func answer(_ request: HTTPRequest) -> HTTPResponse {
            self.asked.withLock { $0.append(request.rawTarget) }
            return self.answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
    }

    private init(
        _ answers: [HTTPResponse], client configuration: HTTPClientConfiguration,
        server serverConfiguration: HTTPServerConfiguration, adjust: (inout VenueRESTSettings) -> Void
    ) async throws {
        let script = Script(answers)
        self.script = script
        self.loop = ServiceLoop(options: ServiceLoopOptions(name: "rest-test"))
        try self.loop.start()
        self.server = HTTPServer(
            loop: self.loop, configuration: serverConfiguration, onRequest: { script.answer($0) })
        self.client = try HTTPClient(loop: self.loop, configuration: configuration)
        self.port = try await self.server.start()
        var settings = VenueRESTSettings()
        for segment in BinanceSegment.allCases {
            settings.hosts[segment.id] = .init(isSecure: false, host: "127.0.0.1", port: self.port)
        }
        settings.limits[Binance.id] = Self.limits(weightPerMinute: 1_000)
        adjust(&settings)
        let core = RequestCore(clock: self.clock)
        self.rest = VenueREST(
            settings: settings, client: self.client, core: core, wallMilliseconds: { Self.wallMilliseconds })
        self.other = VenueREST(
            settings: settings, client: self.client, core: core, wallMilliseconds: { Self.wallMilliseconds })
    }

    /// Limits of which all is used.
    static func limits(weightPerMinute: Int) -> VenueLimits {
        var limits = VenueLimits(Binance().limits)
        limits.usePercent = 100
        limits["spot_weight_per_minute"] = weightPerMinute
        limits["futures_weight_per_minute"] = weightPerMinute
        return limits
    }

    /// Runs `body` with a venue that gives `answers`, then ends everything.
    static func with(
        _ answers: [HTTPResponse], client: HTTPClientConfiguration = HTTPClientConfiguration(),
        server: HTTPServerConfiguration = HTTPServerConfiguration(),
        adjust: (inout VenueRESTSettings) -> Void = { _ in }, _ body: (RESTRig) async throws -> Void
    ) async throws {
        let rig = try await RESTRig(answers, client: client, server: server, adjust: adjust)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(rig))
        } catch {
            outcome = .failure(error)
        }
        await rig.client.close()
        await rig.server.stop()
        rig.loop.stop()
        try outcome.get()
    }

    /// The targets that reached the venue.
    var asked: [String] { self.script.asked.withLock { $0 } }

    /// The only budget; nil before anything was asked.
    var budget: RateLimiterSnapshot? { self.rest.budgets().first?.snapshot }

    /// Weight that counts as spent now.
    var used: Int { self.budget?.windows.first?.used ?? 0 }

    /// Asks for a snapshot, of weight 50 in spot and 20 in futures.
    func ask(
        _ symbol: String = "BTCUSDT", in section: BinanceSegment = .spot, priority: RatePriority = .resync,
        byOther: Bool = false
    ) async -> Result<[UInt8], RequestFailure> {
        do throws(RequestFailure) {
            guard let segment = Binance().segments.first(where: { $0.id == section.id }),
                let request = Binance().snapshotRequest(of: symbol, levels: 1_000, in: segment)
            else { preconditionFailure("Binance has no such section") }
            return .success(try await (byOther ? self.other : self.rest).get(request, priority: priority))
        } catch {
            return .failure(error)
        }
    }

    /// Begins to ask and returns once it sleeps; what it sleeps for is the clock's next deadline.
    func askUntilAsleep(priority: RatePriority = .resync) async -> Task<Result<[UInt8], RequestFailure>, Never> {
        let sleeping = self.clock.sleepers
        let task = Task { await self.ask(priority: priority) }
        await self.clock.waitForSleepers(sleeping + 1)
        return task
    }

    /// Moves the clock to where the first sleeper wakes.
    func wakeFirst() {
        guard let next = self.clock.nextDeadline else { return }
        self.clock.advance(by: next - self.clock.now.offset)
    }

    /// Waits, ten seconds at most of real time, until a condition holds.
    func eventually(_ condition: () async -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if await condition() { return true }
            await Task.yield()
        }
        return false
    }
}

extension Result<[UInt8], RequestFailure> {
    /// How it failed; nil where it did not.
    var failureKind: RequestFailure.Kind? {
        switch self {
        case .success: nil
        case .failure(let failure): failure.kind
        }
    }

    var text: String? {
        switch self {
        case .success(let body): String(decoding: body, as: UTF8.self)
        case .failure: nil
        }
    }
}
