import Logging
import MarketModel
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// Keeps one section of a venue as it is configured: the list of its instruments, what the rules mean in it, the
/// connections that follow from that, and what is asked at intervals.
///
/// The list is loaded at start, at its interval, when the venue tells of a change, and sooner while something that is
/// wanted is not in it. Who joins or leaves does not touch the others. Owned by the service, run in one task.
final class SegmentSupervisor: Sendable {
    enum Order: Sendable {
        /// What is to be collected from now on; nil for nothing.
        case settings(SegmentSettings?)
        /// The venue says that its list changed.
        case listChanged
        /// It is time to load the list again.
        case due
    }

    private struct State {
        /// When the list is to be loaded again; nil while nothing is collected.
        var nextLoad: ContinuousClock.Instant?
        var missing: [String] = []
        var idle: [String] = []
        var listed = 0
        var collected = 0
        var loads = Loads()
        var settings: SegmentSettings?
        /// The venue's symbols of what is collected, by how subjects tell it.
        var symbols: [GapSubject: String] = [:]
    }

    /// What became of the loads of the list.
    struct Loads: Sendable, Equatable {
        var done: UInt64 = 0
        var failed: UInt64 = 0
    }

    /// What only the run itself touches.
    private struct Memory {
        var settings: SegmentSettings?
        var failures = 0
        /// As last loaded, of what is collected.
        var instruments: [String: Instrument] = [:]
        /// What is collected and was not in the last list: it goes when the next one lacks it too.
        var absent: Set<String> = []
        var turnovers: [String: DecimalValue] = [:]
    }

    /// News of changes that come faster than this are one.
    private static let debounce = Duration.seconds(2)
    private static let tick = Duration.milliseconds(100)
    private static let loadBackoff = Backoff(base: .seconds(5), cap: .seconds(60))

    let segment: VenueSegment
    let poller: Poller
    private unowned let service: CollectorService
    private let orders: AsyncStream<Order>
    private let continuation: AsyncStream<Order>.Continuation
    private let state = Mutex(State())

    init(_ segment: VenueSegment, _ service: CollectorService) {
        self.segment = segment
        self.service = service
        self.poller = Poller(segment.id)
        (self.orders, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// Passes an order on; with 64 of them waiting, the oldest goes, of which each says all that is needed.
    func tell(_ order: Order) {
        if case .listChanged = order {
            // Not an order of its own: many of them ask for one load.
            let soon = ContinuousClock.now + Self.debounce
            self.state.withLock { $0.nextLoad = $0.nextLoad.map { min($0, soon) } }
        } else {
            self.continuation.yield(order)
        }
    }

    /// Names that are wanted and not listed, and rules that mean nothing of what is.
    var missing: [String] {
        self.state.withLock { $0.missing + $0.idle }.map { "\(self.segment.id) \($0)" }
    }

    /// Instruments that the venue lists, and those that are collected.
    var counts: (listed: Int, collected: Int) { self.state.withLock { ($0.listed, $0.collected) } }

    var loads: Loads { self.state.withLock { $0.loads } }

    /// Where the trades of a place are collected; nil where they are not.
    func tradePlace(of subject: GapSubject) -> TradePlace? {
        self.state.withLock { state in
            guard let settings = state.settings, settings.types.contains(.trade), let symbol = state.symbols[subject]
            else { return nil }
            return TradePlace(segment: self.segment.id, symbol: symbol, settings: settings)
        }
    }

    /// Follows orders until the task is cancelled.
    func run(_ rest: VenueRequests) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.poller.run(rest, log: self.service.sampledLog) { answer in
                    self.service.deliver(answer, in: self.segment.id)
                }
            }
            group.addTask { await self.watchTheClock() }
            group.addTask {
                var memory = Memory()
                for await order in self.orders { await self.follow(order, rest, &memory) }
            }
        }
    }

    private func watchTheClock() async {
        while true {
            let isDue = self.state.withLock { state in
                guard let next = state.nextLoad, ContinuousClock.now >= next else { return false }
                // Until the load sets another time.
                state.nextLoad = nil
                return true
            }
            if isDue { self.continuation.yield(.due) }
            do { try await Task.sleep(for: Self.tick) } catch { return }
        }
    }

    private func follow(_ order: Order, _ rest: VenueRequests, _ memory: inout Memory) async {
        if case .settings(let settings) = order {
            // A changed address or limit moves everything: what is open ends and opens anew.
            if let former = memory.settings, let settings, former.needsReopening(for: settings) {
                await self.service.apply(self.service.roster.withLock { $0.remove(self.segment.id) }, [:], former)
            }
            memory.settings = settings
            if let settings { rest.serve(self.segment.id, settings) }
        }
        guard let settings = memory.settings else {
            self.poller.update([])
            let changes = self.service.roster.withLock { $0.remove(self.segment.id) }
            await self.service.apply(changes, [:], SegmentSettings(self.segment))
            self.state.withLock { $0 = State(loads: $0.loads) }
            return
        }
        do {
            try await self.refresh(settings, rest, &memory)
            memory.failures = 0
            self.state.withLock { $0.loads.done &+= 1 }
        } catch {
            guard !Task.isCancelled else { return }
            self.service.sampledLog.tell(
                "instruments are not available", about: self.segment.id.description,
                metadata: ["segment": "\(self.segment.id)", "error": "\(error)"])
            memory.failures += 1
            self.state.withLock { $0.loads.failed &+= 1 }
            var generator = SystemRandomNumberGenerator()
            let pause = .seconds(1) + Self.loadBackoff.delay(failures: memory.failures, using: &generator)
            self.schedule(after: pause)
        }
    }

    private func schedule(after pause: Duration) {
        self.state.withLock { $0.nextLoad = ContinuousClock.now + pause }
    }

    // MARK: - The list and what follows from it

    private func refresh(
        _ settings: SegmentSettings, _ rest: VenueRequests, _ memory: inout Memory
    ) async throws {
        let (listed, refused) = try await rest.list(self.segment)
        if settings.needsTurnovers { memory.turnovers = try await rest.turnovers(self.segment) }
        let resolution = Universe.resolve(
            settings.rules, listed: listed, turnovers: memory.turnovers,
            nowMicroseconds: LoopClock.wallMicroseconds(), limit: SegmentSettings.symbolsMost)
        let known = Dictionary(listed.map { ($0.venueSymbol, $0) }, uniquingKeysWith: { first, _ in first })
        // One list without a symbol may be the list's fault.
        let absent = Set(memory.instruments.keys).subtracting(known.keys)
        let spared = absent.subtracting(memory.absent)
        memory.absent = absent
        var instruments = memory.instruments.filter { spared.contains($0.key) }
        for symbol in resolution.symbols { instruments[symbol] = known[symbol] }
        let symbols = resolution.symbols + spared.sorted()
        self.tell(of: resolution, listed: listed.count, refused: refused, collected: symbols.count)
        let changes = self.service.roster.withLock { roster in
            roster.update(
                self.segment.id, wishes: settings.wishes(for: symbols, in: self.segment),
                streamsPerConnection: settings.streamsPerConnection)
        }
        await self.service.apply(changes, instruments, settings)
        let gone = Set(memory.instruments.keys).subtracting(instruments.keys)
        await self.service.release(gone, of: self.segment.id, as: known)
        let changed = instruments.filter { symbol, instrument in
            memory.instruments[symbol].map { $0 != instrument } ?? false
        }
        await self.service.update(changed, of: self.segment.id)
        memory.instruments = instruments
        self.state.withLock { state in
            state.settings = settings
            state.symbols = Dictionary(
                instruments.values.map { (GapSubject($0).place, $0.venueSymbol) },
                uniquingKeysWith: { first, _ in first })
        }
        self.poll(Array(instruments.values), settings)
        let pause =
            resolution.missing.isEmpty && spared.isEmpty
            ? settings.pollIntervals.instruments : min(self.service.relistPause, settings.pollIntervals.instruments)
        self.schedule(after: pause * Double.random(in: 1..<1.2))
    }

    private func poll(_ instruments: [Instrument], _ settings: SegmentSettings) {
        guard let venue = VenueCatalog.venue(self.segment.id.venue) else { return }
        let polls = venue.polls(
            of: instruments.sorted { $0.venueSymbol < $1.venueSymbol }, in: self.segment, wanted: settings.wanted)
        self.poller.update(
            polls.compactMap { poll in
                (poll.interval ?? settings.pollIntervals.interval(of: poll.type)).map { (poll, $0) }
            })
    }

    private func tell(of resolution: Universe.Resolution, listed: Int, refused: Int, collected: Int) {
        let isNew = self.state.withLock { state in
            let isNew =
                state.missing != resolution.missing || state.idle != resolution.idle || state.collected != collected
            state.missing = resolution.missing
            state.idle = resolution.idle
            state.listed = listed
            state.collected = collected
            return isNew
        }
        guard isNew else { return }
        let log = self.service.log
        if !resolution.missing.isEmpty || !resolution.idle.isEmpty {
            let names = (resolution.missing + resolution.idle).prefix(20)
            log.error(
                "the venue does not list symbols", metadata: ["segment": "\(self.segment.id)", "symbols": "\(names)"])
        }
        log.info(
            "instruments loaded",
            metadata: [
                "segment": "\(self.segment.id)", "listed": "\(listed)", "wanted": "\(collected)",
                "refused": "\(refused)",
            ])
    }
}

extension SegmentSettings {
    /// Whether a rule chooses the largest.
    var needsTurnovers: Bool {
        self.rules.contains { if case .filter(let filter) = $0 { filter.top != nil } else { false } }
    }

    /// Whether what is open cannot simply gain or lose streams.
    func needsReopening(for other: SegmentSettings) -> Bool {
        self.websocket != other.websocket || self.rest != other.rest || self.snapshotLimit != other.snapshotLimit
            || self.streamsPerConnection != other.streamsPerConnection || self.wanted.options != other.wanted.options
            || self.types != other.types || self.klineIntervals != other.klineIntervals
    }
}
