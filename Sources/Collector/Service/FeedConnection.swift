import MarketModel
import OrderBook
import Transport
import Venues

/// One connection of a venue's segment: its slot, its decoder, its subscriptions and the watch over its streams.
///
/// Confined to its loop's thread.
final class FeedConnection: FrameSink {
    struct Deadlines {
        var firstData: Int64
        var stale: Int64
        var rotateAfter: Int64
    }

    let name: String
    let segment: BinanceSegment
    private let number: Int32
    private unowned let worker: LoopWorker
    private var decoder: BinanceDecoder
    private let streamNames: [String]
    private var slot: ConnectionSlot?
    private var subscriptions: BinanceSubscriptions
    private let deadlines: Deadlines

    /// Instruments whose depth comes on this connection.
    let depthInstruments: [InstrumentID]
    private let depthIDs: Set<InstrumentID>
    /// When the current socket's subscriptions were all acknowledged.
    private(set) var subscribedMicroseconds: Int64?
    private var socket: SocketID?
    private var openedMicroseconds: Int64 = 0
    private var lastDataMicroseconds: Int64?
    private var hasDataOnSocket = false
    private var refusedSubscriptions: UInt64 = 0
    private var state = StatusChange.State.starting
    private var isStopping = false
    private var seenScales: UInt64 = 0

    init(
        name: String, segment: BinanceSegment, number: Int32, worker: LoopWorker, decoder: consuming BinanceDecoder,
        streams: [String], depthInstruments: [InstrumentID], subscriptions: BinanceSubscriptions, deadlines: Deadlines
    ) {
        self.name = name
        self.segment = segment
        self.number = number
        self.worker = worker
        self.decoder = decoder
        self.streamNames = streams
        self.depthInstruments = depthInstruments
        self.depthIDs = Set(depthInstruments)
        self.subscriptions = subscriptions
        self.deadlines = deadlines
    }

    /// Takes the slot that this consumer was made for.
    func attach(_ slot: ConnectionSlot) {
        self.slot = slot
    }

    func start() {
        self.announce(.connecting, .none)
        self.slot?.start()
    }

    func stop(completion: @escaping () -> Void) {
        self.isStopping = true
        self.announce(.stopping, .requested)
        guard let slot = self.slot else { return completion() }
        slot.stop { [weak self] in
            self?.announce(.stopped, .requested)
            self?.slot = nil
            completion()
        }
    }

    func carriesDepth(of instrument: InstrumentID) -> Bool {
        self.depthIDs.contains(instrument)
    }

    /// Takes an answer to a depth request; false when it could not be read.
    func takeSnapshot(_ frame: Frame, of instrument: InstrumentID) -> Bool {
        self.takeScales()
        do throws(FrameRefusal) {
            try self.worker.pipeline.takeSnapshot(frame, of: instrument, &self.decoder)
            return true
        } catch {
            return false
        }
    }

    /// Takes the scales that another connection of the loop has widened.
    private func takeScales() {
        guard self.seenScales != self.worker.pipeline.scalesVersion else { return }
        self.seenScales = self.worker.pipeline.scalesVersion
        for index in 0..<self.worker.pipeline.instruments.count {
            let id = InstrumentID(index)
            self.decoder.setScales(self.worker.pipeline.instruments.scales(of: id), of: id)
        }
    }

    // MARK: - From the slot

    func socketOpened(_ id: SocketID) {
        let now = WallClock.microseconds()
        self.socket = id
        self.openedMicroseconds = now
        self.hasDataOnSocket = false
        self.subscribedMicroseconds = nil
        self.subscriptions.reset()
        self.subscribe(at: now)
    }

    func frameReceived(_ frame: Frame, on id: SocketID) {
        self.lastDataMicroseconds = frame.receivedMicroseconds
        self.takeScales()
        do throws(FrameRefusal) {
            guard let control = try self.worker.pipeline.take(frame, &self.decoder) else {
                if !self.hasDataOnSocket, id == self.socket { self.firstData(at: frame.receivedMicroseconds) }
                return
            }
            self.take(control, on: id)
        } catch {
            return  // counted by the pipeline, under its reason
        }
    }

    func socketClosed(_ id: SocketID, reason: DisconnectReason) {
        if let current = self.slot?.currentSocket, current != id {
            // In a rotation the other socket carries on.
            if id == self.socket { self.socket = current }
            return
        }
        self.socket = nil
        self.subscribedMicroseconds = nil
        guard !self.isStopping else { return }
        let now = WallClock.microseconds()
        // Whatever the venue sends meanwhile is missed: the books are void until a new snapshot.
        self.worker.pipeline.withEvents(at: now) { keeper, batch in
            for id in self.depthInstruments { keeper.breakBook(id, reason: .closed, at: now, &batch) }
        }
        _ = self.worker.pipeline.keeper.takeRequests()
        self.announce(.disconnected, reason.isOurs ? .requested : .closed)
    }

    func connectFailed(_ reason: DisconnectReason) {
        self.announce(.disconnected, .refused)
    }

    // MARK: - Subscriptions and watching

    private func take(_ control: VenueControl, on id: SocketID) {
        switch control {
        case .acknowledged(let request):
            self.subscriptions.acknowledged(id: request)
            self.subscribe(at: WallClock.microseconds())
        case .refused(let request, let code):
            self.refusedSubscriptions += 1
            if let request { self.subscriptions.refused(id: request, code: code) }
        case .shutdown:
            _ = self.slot?.rotate()
        }
    }

    private func subscribe(at now: Int64) {
        guard let socket = self.socket, let slot = self.slot else { return }
        while true {
            switch self.subscriptions.nextMessage(now: now) {
            case .send(let text):
                guard slot.send(text: text, on: socket) else { return }
            case .wait:
                return
            case .done:
                if self.subscribedMicroseconds == nil { self.subscribedMicroseconds = now }
                return
            }
        }
    }

    private func firstData(at now: Int64) {
        self.hasDataOnSocket = true
        self.announce(.live, .none)
        self.slot?.rotationReady()
    }

    func tick(at now: Int64) {
        guard !self.isStopping, let slot = self.slot, self.socket != nil else { return }
        self.subscribe(at: now)
        if self.subscriptions.overdue(now: now) {
            slot.reconnect(detail: "a subscription was not acknowledged")
            return
        }
        let age = now - self.openedMicroseconds
        if !self.hasDataOnSocket {
            if age > self.deadlines.firstData {
                self.announce(.disconnected, .silent)
                slot.useNextEndpoint()
                slot.reconnect(detail: "no data since it opened")
            }
        } else if let last = self.lastDataMicroseconds, now - last > self.deadlines.stale {
            self.announce(.disconnected, .silent)
            slot.reconnect(detail: "silent")
        } else if age > self.deadlines.rotateAfter, slot.rotate() {
            self.openedMicroseconds = now
            self.announce(.live, .rotation)
        }
    }

    private func announce(_ state: StatusChange.State, _ reason: StatusChange.Reason) {
        guard state != self.state else { return }
        let now = WallClock.microseconds()
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
            name: self.name, segment: self.segment.rawValue, state: self.slot?.state ?? .idle,
            counters: self.slot?.counters ?? ConnectionSlotCounters(), streams: self.streamNames.count,
            streamsWithData: self.hasDataOnSocket ? self.streamNames.count : 0,
            lastDataMicroseconds: self.lastDataMicroseconds, refusedSubscriptions: self.refusedSubscriptions)
    }
}
