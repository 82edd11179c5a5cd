internal import Transport

/// Everything behind the sockets: instruments, streams, clients, limits and faults.
///
/// Unchecked because it belongs to the one loop that serves the exchange: made there, and touched only in its
/// commands, timers and callbacks.
final class ExchangeCore: @unchecked Sendable {
    let configuration: SimulatorConfiguration
    var counters = SimulatorCounters()
    private(set) var faults: FaultEngine
    let player: RecordingPlayer?
    private(set) var generated: [MarketSegment: [String: GeneratedMarket]] = [:]
    /// In the order listed, delisted ones included.
    private var listed: [MarketSegment: [SimulatedSymbol]] = [:]
    var spotWeight: WeightMeter
    var futuresWeight: WeightMeter

    /// Of Binance's statistics, which weigh nothing: 1000 requests in five minutes.
    var binanceStatistics = SlidingWindow(length: 300_000_000, limit: 1_000)
    /// Of USD-M's charged and adjusted funding together: 500 in five minutes.
    var binanceFunding = SlidingWindow(length: 300_000_000, limit: 500)
    var okx: OKXLimits
    var deribitCredits = CreditPool(limit: 50_000, perSecond: 10_000)
    /// Of the list of instruments alone.
    var deribitListCredits = CreditPool(limit: 500_000, perSecond: 10_000)
    var shelf = ArchiveShelf()
    var tally = RequestTally()
    /// Those that serve it, by name; read on the loop.
    var servers: [(name: String, server: HTTPServer)] = []
    var answers: [SimulatedHost: [String: [SimulatedAnswer]]] = [:]
    private var channels: [MarketSegment: [String: StreamChannel]] = [:]
    private var sessions: [ObjectIdentifier: SimulatorSession] = [:]
    private var connects: [SimulatedHost: SlidingWindow] = [:]
    private var seeds: RandomSource
    private var refusedUntil: Int64 = 0
    private var isPaused = false
    private var timer: LoopTimer?

    init(configuration: SimulatorConfiguration, player: RecordingPlayer?) {
        self.configuration = configuration
        self.player = player
        self.faults = FaultEngine(plan: configuration.faults)
        let limits = configuration.limits
        let ban = limits.banDuration.wholeMicroseconds
        self.spotWeight = WeightMeter(
            limit: limits.spotWeight, strikesMax: limits.strikesBeforeBan, banLength: ban)
        self.futuresWeight = WeightMeter(
            limit: limits.futuresWeight, strikesMax: limits.strikesBeforeBan, banLength: ban)
        self.okx = OKXLimits(limits)
        self.seeds = RandomSource(seed: configuration.seed)
        for host in SimulatedHost.allCases {
            self.connects[host] =
                host.venue == .okx
                ? SlidingWindow(length: 1_000_000, limit: limits.okxConnectsPerSecond)
                : SlidingWindow(length: 300_000_000, limit: limits.connectsPerFiveMinutes)
        }
        guard player == nil else { return }
        for segment in MarketSegment.allCases {
            for symbol in configuration.symbols[segment] ?? [] { self.makeMarket(segment, symbol) }
        }
    }

    /// Makes an instrument and has it trade; streams of the whole segment tell of it too.
    func makeMarket(_ segment: MarketSegment, _ symbol: SimulatedSymbol) {
        let levels =
            switch segment {
            case .deribitOption: min(self.configuration.bookLevels, 25)
            case .deribitPerpetual: min(self.configuration.bookLevels, 500)
            default: self.configuration.bookLevels
            }
        let past = PastMarket(
            symbol, segment, settings: self.configuration.past, fundingPeriod: self.fundingPeriod(of: symbol, segment),
            seed: self.configuration.seed, until: LoopClock.wallMicroseconds() / 1000)
        let market = SimulatedMarket(
            segment: segment, symbol: symbol, levels: levels, seed: self.seeds.next(),
            lastTradeID: past.ids.upperBound - 1)
        let writer: any MarketWriter =
            switch segment.venue {
            case .binance: BinanceMessages(segment: segment, symbol: symbol)
            case .okx: OKXMessages(segment: segment, symbol: symbol)
            case .deribit: self.deribitMessages(segment, symbol)
            }
        self.listed[segment, default: []].append(symbol)
        let made = GeneratedMarket(
            market: market, past: past, writer: writer, configuration: self.configuration, seed: self.seeds.next(),
            now: LoopClock.monotonicMicroseconds())
        self.generated[segment, default: [:]][symbol.symbol] = made
        for channel in (self.channels[segment] ?? [:]).values where channel.topic.symbol == nil { made.add(channel) }
    }

    /// Milliseconds between two settlements of funding of an instrument.
    func fundingPeriod(of symbol: SimulatedSymbol, _ segment: MarketSegment) -> Int64 {
        (symbol.fundingPeriod ?? self.configuration.pace.fundingPeriod).wholeMicroseconds / 1000
    }

    func setStatus(_ status: String, of name: String, in segment: MarketSegment) {
        guard let index = self.listed[segment]?.firstIndex(where: { $0.symbol == name }) else { return }
        self.listed[segment]?[index].status = status
    }

    /// A stream of a segment, where somebody asked for it.
    func listingChannel(_ name: String, _ segment: MarketSegment) -> StreamChannel? {
        self.channels[segment]?[name]
    }

    /// The instruments listed.
    func symbols(of segment: MarketSegment) -> [SimulatedSymbol] {
        self.player?.symbols(of: segment) ?? self.listed[segment] ?? []
    }

    func isListed(_ symbol: String, in segment: MarketSegment) -> Bool {
        self.generated[segment]?[symbol].map { !$0.isDelisted } ?? false
    }

    // MARK: Time

    func start(on context: LoopContext) {
        let timer = context.makeTimer { [weak self] in self?.tick() }
        self.timer = timer
        timer.schedule(after: .milliseconds(5))
    }

    /// Ends the clock and everybody's connection faults; nothing is sent after it.
    func stop() {
        self.timer?.cancel()
        self.timer = nil
    }

    private func tick() {
        let now = LoopClock.monotonicMicroseconds()
        if let player {
            self.play(player, now: now)
            return
        }
        if !self.isPaused {
            let milliseconds = LoopClock.wallMicroseconds() / 1000
            for markets in self.generated.values {
                for market in markets.values { market.advance(to: now, milliseconds: milliseconds) }
            }
        }
        self.timer?.schedule(after: .milliseconds(5))
    }

    /// Lets the generated markets rest, after a last depth message of each, or go on.
    func setPaused(_ isPaused: Bool) {
        self.isPaused = isPaused
        guard isPaused else { return }
        let milliseconds = LoopClock.wallMicroseconds() / 1000
        for markets in self.generated.values {
            for market in markets.values { market.flushDepth(milliseconds) }
        }
    }

    private func play(_ player: RecordingPlayer, now: Int64) {
        let pause = player.play(now: now, framesMax: 512) { name, segment in self.channels[segment]?[name] }
        switch pause {
        case .yielded: self.timer?.schedule(after: .zero)
        case .blocked: self.timer?.schedule(after: .milliseconds(10))
        case .until(let delay): self.timer?.schedule(after: .microseconds(min(delay, 50_000)))
        case .ended: break
        }
    }

    // MARK: Clients

    /// Makes the handler of a new WebSocket, or refuses it.
    func accept(_ request: HTTPRequest, host: SimulatedHost) -> SimulatorSession? {
        let now = LoopClock.monotonicMicroseconds()
        if self.faults.happens(.refuseConnects, segments: host.segments) {
            self.refusedUntil = now + self.configuration.faults.refuseDuration.wholeMicroseconds
        }
        guard now >= self.refusedUntil, self.connects[host]?.admit(at: now) == true,
            let dialect = self.dialect(request, host)
        else {
            self.counters.connectionsRefused += 1
            return nil
        }
        return SimulatorSession(core: self, host: host, dialect: dialect)
    }

    private func dialect(_ request: HTTPRequest, _ host: SimulatedHost) -> (any SessionDialect)? {
        let limits = self.configuration.limits
        switch host.venue {
        case .binance:
            guard let segment = host.segments.first,
                let path = StreamPath(
                    segment: segment, path: request.path, streamsQuery: request.query("streams"),
                    splitsCoinm: self.configuration.splitsCoinm)
            else { return nil }
            return BinanceSession(segment: segment, path: path, limits: limits)
        case .okx:
            guard let path = OKXPath(request.path) else { return nil }
            return OKXSession(path: path, limits: limits, pace: self.configuration.pace)
        case .deribit:
            let open = self.sessions.values.filter { $0.host == .deribit }.count
            guard request.path == "/ws/api/v2", open < limits.deribitConnections else { return nil }
            return DeribitSession(limits: limits)
        }
    }

    func sessionOpened(_ session: SimulatorSession) {
        self.sessions[ObjectIdentifier(session)] = session
        self.counters.connectionsOpened += 1
        session.number = self.counters.connectionsOpened
        self.counters.connectionsLive += 1
    }

    func sessionClosed(_ session: SimulatorSession) {
        if self.sessions.removeValue(forKey: ObjectIdentifier(session)) != nil { self.counters.connectionsLive -= 1 }
    }

    /// Somebody caught up.
    func sessionDrained() {
        if self.player?.state == .playing { self.timer?.schedule(after: .zero) }
    }

    func subscriptionsChanged() {
        if self.player != nil { self.timer?.schedule(after: .zero) }
    }

    /// The stream; `nil` where nothing feeds it.
    func channel(for topic: StreamTopic) -> StreamChannel? {
        if let known = self.channels[topic.segment]?[topic.name] { return known }
        var feeding: [GeneratedMarket] = []
        if let player {
            guard player.expected[topic.segment]?.contains(topic.name) == true else { return nil }
        } else if let symbol = topic.symbol {
            guard let market = self.generated[topic.segment]?[symbol], !market.isDelisted else { return nil }
            feeding = [market]
        } else if topic.kind != .listing, topic.kind != .silent {
            feeding = Array((self.generated[topic.segment] ?? [:]).values)
        }
        let channel = StreamChannel(topic, kept: self.configuration.sentKept)
        self.channels[topic.segment, default: [:]][topic.name] = channel
        for market in feeding { market.add(channel) }
        return channel
    }

    /// Says what the venue says first to a new subscriber.
    func welcome(_ session: SimulatorSession, to channel: StreamChannel) {
        guard let symbol = channel.topic.symbol else { return }
        self.generated[channel.segment]?[symbol]?.welcome(
            session, to: channel, milliseconds: LoopClock.wallMicroseconds() / 1000)
    }

    /// The payloads sent last on a stream, oldest first; on demand only those that a new subscriber alone was sent.
    func sent(_ stream: String, segment: MarketSegment, welcomes: Bool = false) -> [String] {
        let channel = self.channels[segment]?[stream]
        return ((welcomes ? channel?.welcomes : channel?.sent) ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Faults

    func frameFault(segment: MarketSegment, stream: String) -> Fault? {
        self.faults.sparesFrames ? nil : self.faults.frameFault(segment: segment, stream: stream)
    }

    func faultHappens(_ fault: Fault, segments: [MarketSegment], _ scope: RequestScope? = nil) -> Bool {
        self.faults.happens(fault, segments: segments, scope)
    }

    /// Has a fault happen to a share of all requests from now on; false for one that does not happen to requests.
    func setRate(_ fault: Fault, to share: Double, ofArchives: Bool?) -> Bool {
        guard fault.isOfRequests, share >= 0, share <= 1 else { return false }
        self.faults.setRate(fault, to: share, ofArchives: ofArchives)
        return true
    }

    /// Makes a fault happen: at once to connections, at the next opportunity otherwise.
    ///
    /// - Returns: To how many connections it happened, or how many opportunities were ordered.
    func inject(
        _ fault: Fault, segment: MarketSegment?, stream: String?, count: Int, only age: SessionAge? = nil
    ) -> Int {
        switch fault {
        case .stall, .halfOpen, .reset, .truncatedFrame, .oversizedFrame, .junk, .notice, .lifetime:
            var targets = self.sessions.values.filter { session in
                session.serves(segment) && (stream.map { session.channels[$0] != nil } ?? true)
            }
            if let age { targets = age.choose(of: targets) }
            for session in targets {
                self.faults.count(fault)
                session.apply(fault)
            }
            return targets.count
        case .refuseConnects:
            self.faults.count(fault)
            self.refusedUntil =
                LoopClock.monotonicMicroseconds() + self.configuration.faults.refuseDuration.wholeMicroseconds
            return 1
        case .sequenceReset:
            let markets = self.generated.filter { segment == nil || $0.key == segment }.values.flatMap(\.values)
            for market in markets { market.restartIDs() }
            self.faults.count(fault)
            return markets.count
        case .drop, .duplicate, .reorder, .silentAck, .slowREST, .rateLimited, .banned, .serverError, .truncatedBody,
            .staleSnapshot, .forbidden, .internalError, .cutAnswer, .emptyAnswer, .wrongChecksum, .truncatedArchive,
            .slowArchive, .rangeIgnored, .archiveChanged:
            let order = FaultEngine.Order(fault: fault, segment: segment, stream: stream, count: count)
            return self.faults.order(order) ? count : 0
        }
    }

    /// Forgets the faults that wait for an opportunity; says how many.
    func calm() -> Int { self.faults.calm() }

    // MARK: Truth

    /// The true book; in units of the instrument's digits, of the eighth digit for a recording.
    func book(of symbol: String, segment: MarketSegment, limit: Int) -> BookTop? {
        self.player?.markets[segment]?[symbol]?.top(limit)
            ?? self.generated[segment]?[symbol]?.market.book.top(limit)
    }

    /// The text of a depth answer, as the venue words it.
    func depth(of symbol: String, segment: MarketSegment, limit: Int, isStale: Bool) -> [UInt8]? {
        let milliseconds = LoopClock.wallMicroseconds() / 1000
        if let market = self.generated[segment]?[symbol] {
            var text: [UInt8] = []
            BinanceMessages(segment: segment, symbol: market.market.symbol).snapshot(
                market.top(limit, isStale: isStale), milliseconds: milliseconds, into: &text)
            return text
        }
        guard let market = self.player?.markets[segment]?[symbol], let top = market.top(limit) else { return nil }
        var described = market.symbol
        described.priceDecimals = 8
        described.sizeDecimals = 8
        var text: [UInt8] = []
        BinanceMessages(segment: segment, symbol: described).snapshot(
            isStale ? BookTop(lastID: 1, bids: top.bids, asks: top.asks) : top, milliseconds: milliseconds, into: &text)
        return text
    }

    /// Connections of each server, by its name.
    private var connections: [String: SimulatedConnections] {
        var found: [String: SimulatedConnections] = [:]
        for (name, server) in self.servers {
            guard let statistics = server.statisticsOnLoop else { continue }
            found[name] = SimulatedConnections(
                open: statistics.plainConnections, most: statistics.plainConnectionsMax,
                accepted: statistics.connectionsAccepted)
        }
        return found
    }

    func state() -> SimulatorState {
        let recorded = (self.player?.markets ?? [:]).values.flatMap(\.values).map { market in
            SimulatedMarketState(
                segment: market.segment, symbol: market.symbol.symbol, lastID: market.book.lastID,
                trades: market.tradesPlayed, firstTradeID: market.firstTradeID, lastTradeID: market.lastTradeID)
        }
        let made = self.generated.values.flatMap(\.values).map(\.state)
        return SimulatorState(
            counters: self.counters, faults: self.faults.counts, spotWeightMax: self.spotWeight.usedMax,
            futuresWeightMax: self.futuresWeight.usedMax, spotWeightTotal: self.spotWeight.total,
            source: self.player?.state.rawValue ?? "generated",
            framesPlayed: self.player?.framesPlayed ?? 0, requests: self.tally.requests, statuses: self.tally.statuses,
            connections: self.connections, archivesMade: self.shelf.made,
            markets: (recorded + made).sorted { ($0.segment.rawValue, $0.symbol) < ($1.segment.rawValue, $1.symbol) })
    }
}
