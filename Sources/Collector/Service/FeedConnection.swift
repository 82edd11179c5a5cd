import MarketModel
import OrderBook
import Publishing
import Transport
import Venues

/// One connection of a venue's segment: its slot, its decoder, its subscriptions and the watch over its streams.
///
/// Confined to its loop's thread. Deadlines are kept by the clock that only goes forward; what is published carries
/// the time of day.
final class FeedConnection: FrameSink {
    /// In microseconds.
    struct Deadlines {
        var firstData: Int64
        var stale: Int64
        var rotateAfter: Int64
        /// How long two sockets carry the same streams in a rotation, so that none starts behind the other's end.
        var overlap: Int64
    }

    /// How long a stop waits for the answers to what it unsubscribed.
    private static let farewellMicroseconds: Int64 = 500_000
    /// A stream is not given up faster than this, however often it failed.
    private static let patienceMostMicroseconds: Int64 = 3_600_000_000
    /// How long after a bar's end its last frame may come: Binance sends a bar of spot every two seconds.
    static let lastFrameDelay: Int64 = 3_000_000

    let name: String
    /// Names its slot, and the connection of the roster.
    let slotNumber: UInt32
    let segment: VenueSegment
    private let number: Int32
    unowned let worker: LoopWorker
    var decoder: VenueDecoder
    private(set) var streams = FeedStreams()
    private let dialect: any SubscriptionDialect
    let klineIntervals: [KlineInterval]
    private let acknowledgeTimeout: Duration
    let deadlines: Deadlines
    var slot: (any FeedSlot)?
    var watch: StreamWatch

    /// Instruments whose depth comes on this connection.
    var depthInstruments: [InstrumentID] { self.streams.depthInstruments }
    /// The socket that carries the data, and the one that is to follow it in a rotation.
    var line: FeedLine?
    var successor: FeedLine?
    /// What came on the second socket, until it takes over.
    var kept = KeptFrames()
    var lastDataMicroseconds: Int64?
    /// When frames last came, by the clock that only goes forward, as of the last tick.
    private var lastDataSteady: Int64?
    /// When the last frame came before the data stopped; nil while it flows, or before it ever did.
    var missingSince: Int64?
    /// Why nothing comes.
    var missingCause = GapCause.reconnect
    /// When data last came before bars and rates of the venue could be missed; nil when none were.
    var seriesMissed: (since: Int64, cause: GapCause)?
    private var refusedSubscriptions: UInt64 = 0
    private(set) var state = StatusChange.State.starting
    private var farewell: (deadline: Int64, completion: () -> Void)?
    var isStopping = false
    private var seenScales: UInt64 = 0
    let latency = FeedLatency()

    init(
        name: String, slotNumber: UInt32, segment: VenueSegment, number: Int32, worker: LoopWorker,
        decoder: VenueDecoder,
        dialect: any SubscriptionDialect, klineIntervals: [KlineInterval] = [], acknowledgeTimeout: Duration,
        deadlines: Deadlines, awaySince: Int64? = nil
    ) {
        self.name = name
        self.slotNumber = slotNumber
        self.segment = segment
        self.number = number
        self.worker = worker
        self.decoder = decoder
        self.dialect = dialect
        self.klineIntervals = klineIntervals
        self.acknowledgeTimeout = acknowledgeTimeout
        self.deadlines = deadlines
        self.missingSince = awaySince
        self.seriesMissed = awaySince.map { ($0, .restart) }
        self.watch = StreamWatch(
            limits: StreamWatch.Limits(
                firstData: deadlines.firstData, least: deadlines.stale, most: Self.patienceMostMicroseconds))
    }

    /// Takes up a stream, at once where a socket is open; false when the venue's decoder does not take it.
    func add(_ stream: VenueStream, of instrument: InstrumentID?) -> Bool {
        guard self.decoder.addStream(stream, of: instrument) != nil else { return false }
        self.streams.add(stream, of: instrument)
        if let instrument, let symbol = stream.symbol {
            self.decoder.addInstrument(symbol, instrument)
            self.decoder.setScales(self.worker.pipeline.instruments.scales(of: instrument), of: instrument)
        }
        let now = LoopClock.monotonicMicroseconds()
        self.watch.add(isSparse: stream.isSparse, at: now)
        self.line?.subscriptions.add(stream)
        self.successor?.subscriptions.add(stream)
        return true
    }

    /// Gives streams up; the others are not touched.
    func remove(_ streams: [VenueStream]) {
        for place in self.streams.places(of: streams) {
            self.decoder.removeStream(at: place)
            self.watch.remove(place)
            self.line?.subscriptions.remove(place)
            self.successor?.subscriptions.remove(place)
            self.streams.remove(place)
        }
        let now = LoopClock.monotonicMicroseconds()
        _ = self.subscribe(at: now)
        _ = self.subscribe(successor: true, at: now)
    }

    /// Gives a book's stream up and asks for it again, so that the venue sends its snapshot.
    func resubscribeDepth(of instrument: InstrumentID) {
        guard let place = self.streams.depthPlace(of: instrument) else { return }
        self.line?.subscriptions.resubscribe([place])
    }

    /// Takes the slot that this consumer was made for.
    func attach(_ slot: some FeedSlot) {
        self.slot = slot
    }

    func start() {
        self.announce(.connecting, .none)
        if self.missingSince != nil {
            self.missingCause = .restart
            self.tellMissing(until: nil)
        }
        self.slot?.start()
    }

    /// Gives the streams up, then closes the socket.
    func stop(completion: @escaping () -> Void) {
        self.isStopping = true
        self.announce(.stopping, .requested)
        let now = LoopClock.monotonicMicroseconds()
        self.farewell = (now + Self.farewellMicroseconds, completion)
        self.line?.subscriptions.unsubscribeAll()
        self.endFarewell(at: now)
    }

    /// Closes the socket once what was unsubscribed is answered, or the patience for that is over.
    private func endFarewell(at now: Int64) {
        guard let farewell = self.farewell else { return }
        if self.line != nil, now < farewell.deadline, !self.subscribe(at: now) { return }
        self.farewell = nil
        guard let slot = self.slot else { return farewell.completion() }
        slot.stop { [weak self] in
            self?.announce(.stopped, .requested)
            self?.slot = nil
            farewell.completion()
        }
    }

    /// Whether a stream of an instrument comes here, so that the decoder has its symbol and its scales.
    func carries(_ instrument: InstrumentID) -> Bool { self.streams.carries(instrument) }

    func carriesDepth(of instrument: InstrumentID) -> Bool {
        self.streams.depthPlace(of: instrument) != nil
    }

    /// When the streams of the present socket were acknowledged; nil while they are not.
    var subscribed: Int64? { self.line?.subscribed }

    /// Takes an answer to a question; false when it could not be read.
    func takeAnswer(_ frame: Frame, to question: VenueQuestion, of instrument: InstrumentID?) -> Bool {
        self.takeScales()
        do throws(FrameRefusal) {
            try self.worker.pipeline.takeAnswer(frame, to: question, of: instrument, &self.decoder)
            return true
        } catch {
            return false
        }
    }

    /// Takes an answer with missed trades; nil when it could not be read.
    func takeTrades(_ frame: Frame, of instrument: InstrumentID, wanted: TradeRuns) -> RepairedTrades? {
        self.takeScales()
        do throws(FrameRefusal) {
            return try self.worker.pipeline.takeTrades(frame, of: instrument, wanted: wanted, &self.decoder)
        } catch {
            return nil
        }
    }

    /// Takes the scales that another connection of the loop has widened.
    func takeScales() {
        guard self.seenScales != self.worker.pipeline.scalesVersion else { return }
        self.seenScales = self.worker.pipeline.scalesVersion
        for index in 0..<self.worker.pipeline.instruments.count {
            let id = InstrumentID(index)
            self.decoder.setScales(self.worker.pipeline.instruments.scales(of: id), of: id)
        }
    }

    // MARK: - From the slot

    func socketOpened(_ id: SocketID) {
        let now = LoopClock.monotonicMicroseconds()
        let subscriptions = Subscriptions(
            streams: self.streams.all, dialect: self.dialect, acknowledgeTimeout: self.acknowledgeTimeout)
        let line = FeedLine(socket: id, opened: now, subscriptions: subscriptions)
        if self.slot?.currentSocket == id || self.line == nil {
            self.line = line
            self.successor = nil
            _ = self.subscribe(at: now)
        } else {
            self.successor = line
            self.kept.removeAll()
            _ = self.subscribe(successor: true, at: now)
        }
    }

    func frameReceived(_ frame: Frame, on id: SocketID) {
        if self.line?.socket != id {
            // One that another has taken over from brings what that brings as well.
            guard self.successor?.socket == id else { return }
            if FrameGlance.isData(frame) { return self.keep(frame, on: id) }
        }
        self.takeScales()
        do throws(FrameRefusal) {
            if let control = try self.worker.pipeline.take(frame, &self.decoder) {
                self.noteSign(on: id)
                self.take(control, on: id)
                return
            }
        } catch {
            self.noteSign(on: id)
            return  // counted by the pipeline, under its reason
        }
        self.latency.record(venueTime: self.worker.pipeline.venueTime, received: frame.receivedMicroseconds)
        self.lastDataMicroseconds = frame.receivedMicroseconds
        if self.missingSince != nil { self.tellMissing(until: frame.receivedMicroseconds) }
        if self.line?.socket == id {
            self.line?.frames &+= 1
            if self.line?.frames == 1 {
                self.slot?.delivered(on: id)
                self.announce(.live, .none)
            }
        }
    }

    /// Notes that something came, if no data.
    private func noteSign(on id: SocketID) {
        if self.line?.socket == id {
            self.line?.signs &+= 1
        } else if self.successor?.socket == id {
            self.successor?.signs &+= 1
        }
    }

    func socketClosed(_ id: SocketID, reason: DisconnectReason) {
        if self.successor?.socket == id {
            self.successor = nil
            self.kept.removeAll()
            return
        }
        guard self.line?.socket == id else { return }
        if let successor = self.successor, self.slot?.currentSocket == successor.socket {
            return self.goOn(with: successor, reason, at: LoopClock.monotonicMicroseconds())
        }
        self.line = nil
        self.successor = nil
        self.kept.removeAll()
        guard !self.isStopping else { return }
        self.missUpdates()
        self.announce(.disconnected, reason.isOurs ? .requested : .closed)
    }

    func connectFailed(_ reason: DisconnectReason) {
        // While a socket delivers, it was a rotation that failed.
        guard self.line == nil else { return }
        self.announce(.disconnected, .refused)
    }

    // MARK: - Subscriptions and watching

    func take(_ control: VenueControl, on id: SocketID) {
        let isSuccessor = self.successor?.socket == id
        switch control {
        case .acknowledged(let request, let streams):
            if isSuccessor {
                self.successor?.subscriptions.acknowledged(id: request, streams: streams)
            } else if self.line?.socket == id {
                self.line?.subscriptions.acknowledged(id: request, streams: streams)
            }
        case .refused(let request, let stream, let code):
            self.refusedSubscriptions &+= 1
            if isSuccessor {
                self.successor?.subscriptions.refused(id: request, stream: stream, code: code)
            } else if self.line?.socket == id {
                self.line?.subscriptions.refused(id: request, stream: stream, code: code)
            }
        case .alive:
            return
        case .prompt:
            let reply = isSuccessor ? self.successor?.subscriptions.reply() : self.line?.subscriptions.reply()
            if let reply { _ = self.slot?.send(text: reply, on: id) }
            return
        case .instrumentsChanged:
            return self.worker.listChanged(self.segment.id)
        case .shutdown:
            if self.line?.socket == id { self.line?.isEnding = true }
            _ = self.slot?.rotate()
        }
        let now = LoopClock.monotonicMicroseconds()
        if self.farewell != nil { return self.endFarewell(at: now) }
        _ = self.subscribe(successor: self.successor?.socket == id, at: now)
    }

    /// Sends what a line may send now; true once nothing is left to ask for.
    func subscribe(successor: Bool = false, at now: Int64) -> Bool {
        guard var line = successor ? self.successor : self.line, let slot = self.slot else { return true }
        let isDone = self.send(&line, slot, at: now)
        if isDone, line.subscribed == nil, !self.isStopping {
            line.subscribed = now
            if !successor { self.watch.subscribed(at: now) }
            self.repairSeries()
        }
        if successor { self.successor = line } else { self.line = line }
        return isDone
    }

    private func send(_ line: inout FeedLine, _ slot: any FeedSlot, at now: Int64) -> Bool {
        while true {
            switch line.subscriptions.nextMessage(now: now) {
            case .send(let text):
                guard slot.send(text: text, on: line.socket) else { return false }
            case .wait:
                return false
            case .done:
                return true
            }
        }
    }

    /// Does what is due by the clock that only goes forward.
    func tick(at now: Int64) {
        if self.isStopping { return self.endFarewell(at: now) }
        guard let slot = self.slot else { return }
        self.followRotation(slot, at: now)
        guard self.line != nil else { return }
        _ = self.subscribe(at: now)
        self.line?.look(at: now)
        if let last = self.line?.lastData { self.lastDataSteady = last }
        guard let line = self.line else { return }
        if let silence = self.keepAlive(slot, at: now) {
            self.replaceSocket(slot, silence, at: now)
        } else if line.subscriptions.overdue(now: now) {
            self.replaceSocket(slot, "a request was not acknowledged", at: now)
        } else if !line.hasData, now - line.opened > self.deadlines.firstData {
            self.announce(.disconnected, .silent)
            slot.useNextEndpoint()
            self.replaceSocket(slot, "no data since it opened", at: now)
        } else if let last = line.lastData, now - last > self.deadlines.stale {
            self.announce(.disconnected, .silent)
            self.replaceSocket(slot, "silent", at: now)
        } else if line.subscribed != nil {
            self.watchStreams(slot, at: now)
            let isDue = line.isEnding || now - line.opened > self.deadlines.rotateAfter
            if self.successor == nil, isDue { _ = slot.rotate() }
        }
    }

    /// Sends a sign of life where the venue wants one; says why the socket is to be replaced where none came back.
    private func keepAlive(_ slot: any FeedSlot, at now: Int64) -> String? {
        guard let ping = self.dialect.ping, let interval = self.dialect.limits.keepalive?.microseconds,
            let line = self.line
        else { return nil }
        if let asked = line.pinged {
            return now - asked > interval ? "no answer to a sign of life" : nil
        }
        guard now - line.lastSign > interval, slot.send(text: ping, on: line.socket) else { return nil }
        self.line?.pinged = now
        return nil
    }

    private func watchStreams(_ slot: any FeedSlot, at now: Int64) {
        switch self.watch.look(at: now, frames: { self.decoder.frames(ofStream: $0) }) {
        case .none:
            return
        case .resubscribe(let streams):
            self.line?.subscriptions.resubscribe(streams)
        case .replaceSocket(let stream):
            self.announce(.disconnected, .silent)
            self.replaceSocket(slot, "silent: \(self.streams.name(at: stream))", at: now)
        }
    }

    func announce(_ state: StatusChange.State, _ reason: StatusChange.Reason) {
        guard state != self.state else { return }
        let now = LoopClock.wallMicroseconds()
        let previous = self.state
        self.state = state
        self.worker.pipeline.publish(
            .status(
                StatusChange(
                    source: .connection(self.number), state: state, previous: previous, reason: reason,
                    microseconds: now)),
            at: now)
    }

    // MARK: - Telling

    func summary() -> LoopSummary.Connection {
        LoopSummary.Connection(
            name: self.name, segment: self.segment.id, state: self.slot?.state ?? .idle,
            counters: self.slot?.counters ?? ConnectionSlotCounters(), streams: self.streams.count,
            streamsWithData: self.line == nil ? 0 : self.watch.withData,
            silentStreams: self.watch.silent.map { self.streams.name(at: $0) },
            refusedStreams: (self.line?.subscriptions.refusedPlaces ?? []).map { self.streams.name(at: $0) },
            resubscriptions: self.watch.resubscriptions, replacements: self.watch.replacements,
            lastDataMicroseconds: self.lastDataMicroseconds, lastDataSteady: self.lastDataSteady,
            refusedSubscriptions: self.refusedSubscriptions, rotationFramesDropped: self.kept.dropped,
            rotationFrames: self.kept.count, rotationBytes: self.kept.byteCount)
    }
}
