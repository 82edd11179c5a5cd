internal import MarketModel

/// One place for a connection: keeps a socket open for ever, through failures and planned rotations.
///
/// Drives a `ConnectionSlotMachine` on one loop; made, used and released on that loop's thread. The loop's owner
/// keeps it until `stop` completed.
package final class ConnectionSlot {
    /// What it was made with.
    package let options: ConnectionSlotOptions

    private let context: LoopContext
    private let resolver: Resolver
    private let consumer: FrameConsumer
    private var machine: ConnectionSlotMachine
    private var lastState = SlotState.idle
    private var timers: [ConnectionSlotMachine.Timer: LoopTimer] = [:]
    private var connections: [SocketID: WebSocketConnection] = [:]
    private var pending: [ConnectionSlotMachine.Action] = []
    private var isActing = false
    private var addresses: [String] = []
    private var replaceDetail = ""
    /// The permit of the attempt under way, until something may have reached the venue.
    private var permit: ConnectPermit?
    private var completions: [() -> Void] = []
    private var ended = ConnectionSlotCounters()
    private var bridge: Bridge?

    /// Itself while it has sockets, so that a loop that stops finds it.
    private var keptAlive: ConnectionSlot?

    /// - Parameters:
    ///   - resolver: Shared by slots; used only where no proxy looks the names up.
    ///   - generator: Draws the jitter of reconnects.
    package init(
        context: LoopContext, options: ConnectionSlotOptions, resolver: Resolver, consumer: FrameConsumer,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.context = context
        self.options = options
        self.resolver = resolver
        self.consumer = consumer
        self.machine = ConnectionSlotMachine(
            slot: options.number, endpointCount: options.endpoints.count, timing: options.timing, generator: generator)
        self.bridge = Bridge(slot: self)
    }

    // MARK: Consumer's side

    /// The slot as one word.
    package var state: SlotState { self.machine.state }

    /// The socket that carries the data now.
    package var currentSocket: SocketID? { self.machine.currentSocket }

    /// The endpoint that the next attempt goes to.
    package var endpoint: WebSocketEndpoint { self.options.endpoints[self.machine.endpoint] }

    /// What was counted so far.
    package var counters: ConnectionSlotCounters {
        var counters = self.ended
        for connection in self.connections.values { counters.traffic += connection.counters }
        return counters
    }

    /// Begins to connect, after a random part of the start spread.
    package func start() {
        self.perform(self.machine.start())
    }

    /// Queues a text on a socket; `false` when it is not open or its queue is full.
    package func send(text: String, on id: SocketID) -> Bool {
        self.connections[id]?.send(text: text) ?? false
    }

    /// Replaces the current socket, since its data stopped; `detail` goes into the reason of its end.
    package func reconnect(detail: String) {
        self.replaceDetail = detail
        self.perform(self.machine.reconnectRequested())
    }

    /// Opens a second socket to follow the current one; `false` when the slot is not simply live.
    package func rotate() -> Bool {
        let actions = self.machine.rotateRequested()
        self.perform(actions)
        return !actions.isEmpty
    }

    /// Closes the older of a rotation's two sockets, which is needed no more.
    package func rotationReady() {
        self.perform(self.machine.rotationReady())
    }

    /// Says that what was asked for arrives on a socket, so that its endpoint is kept.
    package func delivered(on id: SocketID) {
        self.machine.delivered(id)
    }

    /// Makes the next attempt go to the endpoint after this one.
    package func useNextEndpoint() {
        self.machine.useNextEndpoint()
    }

    /// Closes everything, politely but within the close deadline; `completion` runs after the last terminal callback.
    package func stop(completion: @escaping () -> Void) {
        if self.machine.state == .stopped {
            completion()
            return
        }
        self.completions.append(completion)
        self.perform(self.machine.stop())
    }

    // MARK: Machine's side

    /// Acts in order; what happens meanwhile is appended, never run in between.
    private func perform(_ actions: [ConnectionSlotMachine.Action]) {
        self.pending.append(contentsOf: actions)
        guard !self.isActing else { return }
        self.isActing = true
        while !self.pending.isEmpty {
            self.act(self.pending.removeFirst())
        }
        self.isActing = false
        let state = self.machine.state
        guard state != self.lastState else { return }
        self.lastState = state
        self.consumer.stateChanged(state)
        guard state == .stopped else { return }
        let completions = self.completions
        self.completions = []
        for completion in completions { completion() }
    }

    private func act(_ action: ConnectionSlotMachine.Action) {
        switch action {
        case .arm(let timer, let delay):
            self.timer(timer).schedule(after: delay)
        case .disarm(let timer):
            self.timers[timer]?.cancel()
        case .acquireConnectPermit(let attempt):
            self.acquirePermit(attempt: attempt)
        case .giveBackPermit:
            self.permit?.giveBack()
            self.permit = nil
        case .resolve(let attempt, let endpoint):
            self.resolve(attempt: attempt, endpoint: self.options.endpoints[endpoint])
        case .open(let id, let endpoint):
            self.open(id, endpoint: self.options.endpoints[endpoint])
        case .close(let id, let kind):
            self.connections[id]?.close(DisconnectReason(kind, detail: kind == .replaced ? self.replaceDetail : ""))
        case .announceOpened(let id):
            self.ended.opened &+= 1
            self.permit = nil
            self.consumer.socketOpened(id)
        case .announceClosed(let id, let reason):
            self.consumer.socketClosed(id, reason: reason)
        case .announceFailed(let reason):
            // A socket's end was counted when it came; these two never had one.
            if reason.kind == .resolveFailed || reason.kind == .resolveTimedOut {
                self.ended.ends[reason.kind, default: 0] &+= 1
            }
            if reason.kind.leftVenueUntouched { self.permit?.giveBack() }
            if reason.httpStatus == 429 || reason.httpStatus == 418 { self.permit?.rateRefused() }
            self.permit = nil
            self.consumer.connectFailed(reason)
        case .announceRotation(let outcome):
            switch outcome {
            case .completed: self.ended.rotations &+= 1
            case .givenUp: self.ended.rotationsGivenUp &+= 1
            }
            self.consumer.rotationEnded(outcome)
        case .finished:
            for timer in self.timers.values { timer.cancel() }
        }
    }

    private func timer(_ timer: ConnectionSlotMachine.Timer) -> LoopTimer {
        if let made = self.timers[timer] { return made }
        let made = self.context.makeTimer { [weak self] in
            guard let self else { return }
            self.perform(self.machine.timerFired(timer))
        }
        self.timers[timer] = made
        return made
    }

    private func acquirePermit(attempt: UInt64) {
        let back = LoopReturn(self, to: self.context)
        let request = ConnectRequest(slot: self.options.number, isRotation: self.machine.currentSocket != nil)
        self.options.acquirePermit(request) { permit in
            let isTaken = back.submit { slot in
                let actions = slot.machine.permitGranted(attempt: attempt)
                guard !actions.isEmpty else { return permit.giveBack() }
                slot.permit = permit
                slot.perform(actions)
            }
            if !isTaken { permit.giveBack() }
        }
    }

    private func resolve(attempt: UInt64, endpoint: WebSocketEndpoint) {
        // A proxy looks the name up itself, and may serve by name only.
        guard endpoint.proxy == nil, self.context.options.proxy == nil else {
            self.addresses = [endpoint.host]
            self.perform(self.machine.resolved(attempt: attempt))
            return
        }
        let back = LoopReturn(self, to: self.context)
        self.resolver.resolve(host: endpoint.host, patience: self.options.timing.resolveDeadline) { result in
            back.submit { slot in
                switch result {
                case .success(let addresses):
                    slot.addresses = addresses
                    slot.perform(slot.machine.resolved(attempt: attempt))
                case .failure:
                    slot.perform(slot.machine.resolveFailed(attempt: attempt))
                }
            }
        }
    }

    private func open(_ id: SocketID, endpoint: WebSocketEndpoint) {
        guard let bridge = self.bridge else { return }
        let connection = WebSocketConnection(
            id: id, endpoint: endpoint, limits: self.options.limits, context: self.context, owner: bridge)
        self.connections[id] = connection
        self.keptAlive = self
        self.ended.connects &+= 1
        self.ended.socketsLive = self.connections.count
        self.ended.socketsLiveMax = max(self.ended.socketsLiveMax, self.connections.count)
        connection.open(address: self.addresses.first ?? endpoint.host)
    }

    // MARK: Sockets' side

    fileprivate func opened(_ connection: WebSocketConnection) {
        self.perform(self.machine.socketOpened(connection.id))
    }

    fileprivate func received(_ frame: Frame, on connection: WebSocketConnection) {
        self.machine.dataReceived(connection.id)
        self.consumer.frameReceived(frame, on: connection.id)
    }

    fileprivate func ended(_ connection: WebSocketConnection, reason: DisconnectReason) {
        self.connections[connection.id] = nil
        self.ended.traffic += connection.counters
        self.ended.ends[reason.kind, default: 0] &+= 1
        self.ended.socketsLive = self.connections.count
        withExtendedLifetime(self) {
            if self.connections.isEmpty { self.keptAlive = nil }
            self.perform(self.machine.socketEnded(connection.id, reason: reason))
        }
    }

    /// Stands between the slot and its connections, which know their owner by a class of this module.
    private final class Bridge: WebSocketHandler {
        private unowned let slot: ConnectionSlot

        init(slot: ConnectionSlot) {
            self.slot = slot
        }

        override func opened(_ connection: WebSocketConnection) { self.slot.opened(connection) }

        override func received(_ frame: Frame, on connection: WebSocketConnection) {
            self.slot.received(frame, on: connection)
        }

        override func ended(_ connection: WebSocketConnection, reason: DisconnectReason) {
            self.slot.ended(connection, reason: reason)
        }
    }
}
