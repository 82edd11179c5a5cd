/// Decides when a slot's one socket is opened, closed and replaced; knows no socket, clock or lock.
///
/// It cannot ask for a socket before the terminal callback of the one before was seen. Two live at once only in a
/// planned rotation: the current one, and the one that shall follow it. At most one attempt to connect is under
/// way at any time.
package struct ConnectionSlotMachine {
    private enum Mode {
        case idle, running, stopping, stopped
    }

    /// The one attempt to connect.
    private enum Dial: Equatable {
        case none
        /// Sockets of before are still ending.
        case draining
        case backingOff
        case waitingForPermit(attempt: UInt64)
        case resolving(attempt: UInt64)
        case connecting(SocketID)
    }

    private struct Opened {
        let endpoint: Int
        var delivers = false
    }

    private let slot: UInt32
    private let timing: Timing
    private var generator: any RandomNumberGenerator & Sendable

    private var mode = Mode.idle
    private var dial = Dial.none
    private var current: SocketID?
    private var successor: SocketID?
    private var dying: [SocketID] = []
    /// Those that the consumer knows as open, the dying ones included.
    private var opened: [SocketID: Opened] = [:]
    /// Where the one attempt goes.
    private var dialEndpoint = 0
    private var endpoints: EndpointChoice
    private var lastSerial: UInt64 = 0
    private var lastAttempt: UInt64 = 0
    private var hasDelivered = false
    /// Rotations in a row that came to nothing.
    private var failedRotations = 0
    /// Whether the last rotation failed a short while ago, so that the next one waits.
    private var isRotationPaused = false

    /// Failures in a row since a connection last proved itself.
    package private(set) var failures = 0

    /// Which endpoint the next attempt goes to.
    package var endpoint: Int { self.endpoints.next }

    /// - Parameter generator: Draws the jitter.
    package init(
        slot: UInt32, endpointCount: Int, timing: Timing, generator: any RandomNumberGenerator & Sendable
    ) {
        self.slot = slot
        self.endpoints = EndpointChoice(count: endpointCount)
        self.timing = timing
        self.generator = generator
    }

    // MARK: What can be asked

    /// Sockets whose terminal callback was not seen yet.
    package var liveSockets: Int {
        var count = self.dying.count
        if self.current != nil { count += 1 }
        if self.successor != nil { count += 1 }
        if case .connecting = self.dial { count += 1 }
        return count
    }

    /// The slot as one word, for status messages.
    package var state: SlotState {
        switch (self.mode, self.current, self.dial) {
        case (.idle, _, _): .idle
        case (.stopping, _, _): .stopping
        case (.stopped, _, _): .stopped
        case (.running, .some, .none) where self.successor == nil: .live
        case (.running, .some, _): .rotating
        case (.running, nil, .none), (.running, nil, .draining): .closing
        case (.running, nil, .backingOff): .backingOff
        case (.running, nil, .waitingForPermit): .waitingForPermit
        case (.running, nil, .resolving), (.running, nil, .connecting): .connecting
        }
    }

    /// The socket that carries the data now.
    package var currentSocket: SocketID? { self.current }

    // MARK: Events

    /// Begins; a second start does nothing.
    package mutating func start() -> [Action] {
        guard self.mode == .idle else { return [] }
        self.mode = .running
        self.dial = .backingOff
        return [.arm(.backoff, self.jitter(upTo: self.timing.startSpread))]
    }

    /// Ends everything; `.finished` follows when the last socket is gone.
    package mutating func stop() -> [Action] {
        switch self.mode {
        case .idle:
            self.mode = .stopped
            return [.finished]
        case .stopping, .stopped:
            return []
        case .running:
            break
        }
        self.mode = .stopping
        var actions = self.abandonDial(closing: .stopped)
        for socket in [self.current, self.successor].compactMap({ $0 }) {
            actions.append(self.bury(socket, .stopped))
        }
        self.current = nil
        self.successor = nil
        actions.append(.disarm(.proof))
        actions.append(.disarm(.rotation))
        return actions + self.sweep()
    }

    /// A timer ran out; one that was meant for a state left since does nothing.
    package mutating func timerFired(_ timer: Timer) -> [Action] {
        guard self.mode == .running else { return [] }
        switch timer {
        case .backoff:
            guard self.dial == .backingOff else { return [] }
            return self.askForPermit()
        case .permit:
            guard case .waitingForPermit = self.dial else { return [] }
            return self.askForPermit()
        case .resolve:
            guard case .resolving = self.dial else { return [] }
            return self.dialFailed(DisconnectReason(.resolveTimedOut))
        case .proof:
            guard self.current != nil else { return [] }
            guard self.hasDelivered else { return [.arm(.proof, self.timing.proofTime)] }
            self.failures = 0
            return []
        case .rotation:
            return self.giveRotationUp()
        case .rotationPause:
            self.isRotationPaused = false
            return []
        }
    }

    package mutating func permitGranted(attempt: UInt64) -> [Action] {
        guard self.mode == .running, self.dial == .waitingForPermit(attempt: attempt) else { return [] }
        self.dial = .resolving(attempt: attempt)
        self.dialEndpoint = self.endpoint
        return [
            .disarm(.permit), .arm(.resolve, self.timing.resolveDeadline),
            .resolve(attempt: attempt, endpoint: self.dialEndpoint),
        ]
    }

    package mutating func resolved(attempt: UInt64) -> [Action] {
        guard self.mode == .running, self.dial == .resolving(attempt: attempt) else { return [] }
        // Alone, or beside the current socket in a rotation.
        precondition(self.liveSockets == (self.current == nil ? 0 : 1), "a socket of before still lives")
        self.lastSerial += 1
        let socket = SocketID(slot: self.slot, serial: self.lastSerial)
        self.dial = .connecting(socket)
        return [.disarm(.resolve), .open(socket, endpoint: self.dialEndpoint)]
    }

    package mutating func resolveFailed(attempt: UInt64) -> [Action] {
        guard self.mode == .running, self.dial == .resolving(attempt: attempt) else { return [] }
        return [.disarm(.resolve)] + self.dialFailed(DisconnectReason(.resolveFailed))
    }

    /// The upgrade was answered well; a socket being closed already may still say so.
    package mutating func socketOpened(_ socket: SocketID) -> [Action] {
        guard self.mode == .running, self.dial == .connecting(socket) else { return [] }
        self.dial = .none
        self.opened[socket] = Opened(endpoint: self.dialEndpoint)
        guard self.current != nil else {
            self.current = socket
            self.hasDelivered = false
            return [.announceOpened(socket), .arm(.proof, self.timing.proofTime)] + self.endRotationPause()
        }
        self.successor = socket
        return [.announceOpened(socket)]
    }

    /// A whole message arrived: what a connection must do to prove itself.
    package mutating func dataReceived(_ socket: SocketID) {
        if socket == self.current { self.hasDelivered = true }
    }

    /// What the consumer asked for arrived: the socket's endpoint is kept.
    package mutating func delivered(_ socket: SocketID) {
        guard socket == self.current || socket == self.successor, let opened = self.opened[socket] else { return }
        self.opened[socket]?.delivers = true
        self.endpoints.delivered(at: opened.endpoint)
    }

    /// The terminal callback of a socket.
    package mutating func socketEnded(_ socket: SocketID, reason: DisconnectReason) -> [Action] {
        if self.dial == .connecting(socket) {
            self.dial = .none
            return self.dialFailed(reason)
        }
        var actions: [Action] = []
        if socket == self.current { self.judgeEndpoint(of: socket, reason) }
        if self.opened.removeValue(forKey: socket) != nil { actions.append(.announceClosed(socket, reason)) }
        if socket == self.current {
            self.current = nil
            self.failures += 1
            actions.append(.disarm(.proof))
            actions += self.replaceCurrent()
        } else if socket == self.successor {
            self.successor = nil
            actions += [.disarm(.rotation), .announceRotation(.givenUp), self.pauseRotations()]
        } else {
            self.dying.removeAll { $0 == socket }
        }
        return actions + self.sweep()
    }

    /// The consumer wants another socket: the data stopped.
    package mutating func reconnectRequested() -> [Action] {
        guard self.mode == .running, let current = self.current else { return [] }
        self.judgeEndpoint(of: current, DisconnectReason(.replaced))
        self.current = nil
        self.failures += 1
        var actions = [self.bury(current, .replaced), .disarm(.proof)]
        actions += self.replaceCurrent()
        return actions
    }

    /// Begins a planned rotation where the slot is live and nothing else goes on; empty otherwise.
    ///
    /// One that came to nothing is followed only after a pause, so that it may be asked for as often as one likes.
    package mutating func rotateRequested() -> [Action] {
        guard self.state == .live, self.dying.isEmpty, !self.isRotationPaused else { return [] }
        return [.arm(.rotation, self.timing.rotationDeadline)] + self.askForPermit()
    }

    /// The consumer needs the old socket no more.
    package mutating func rotationReady() -> [Action] {
        guard self.mode == .running, let old = self.current, let new = self.successor else { return [] }
        self.current = new
        self.successor = nil
        self.hasDelivered = true
        return [
            .disarm(.rotation), self.bury(old, .rotated), .arm(.proof, self.timing.proofTime),
            .announceRotation(.completed),
        ] + self.endRotationPause()
    }

    /// The next attempt goes to the endpoint after this one.
    package mutating func useNextEndpoint() {
        self.endpoints.moveOn()
    }

    // MARK: Parts of transitions

    private mutating func askForPermit() -> [Action] {
        self.lastAttempt += 1
        self.dial = .waitingForPermit(attempt: self.lastAttempt)
        return [.arm(.permit, self.timing.permitDeadline), .acquireConnectPermit(attempt: self.lastAttempt)]
    }

    /// An attempt came to nothing, whether for a first socket or for a rotation.
    private mutating func dialFailed(_ reason: DisconnectReason) -> [Action] {
        self.dial = .none
        guard self.mode == .running else { return self.sweep() }
        // A rotation goes where the data comes from: its failure is no reason to leave.
        guard self.current == nil else {
            return [
                .announceFailed(reason), .disarm(.rotation), .announceRotation(.givenUp), self.pauseRotations(),
            ]
        }
        self.endpoints.failed(at: self.dialEndpoint, reason)
        self.failures += 1
        self.dial = .draining
        return [.announceFailed(reason)] + self.sweep()
    }

    /// A current socket that ends before it delivered speaks against its endpoint.
    private mutating func judgeEndpoint(of socket: SocketID, _ reason: DisconnectReason) {
        guard let opened = self.opened[socket], !opened.delivers else { return }
        self.endpoints.failed(at: opened.endpoint, reason)
    }

    /// The current socket is gone or going: its successor, or the attempt for one, takes over; else a new attempt.
    private mutating func replaceCurrent() -> [Action] {
        guard self.mode == .running else { return [] }
        if let successor = self.successor {
            self.current = successor
            self.successor = nil
            self.hasDelivered = false
            return [.disarm(.rotation), .arm(.proof, self.timing.proofTime), .announceRotation(.completed)]
                + self.endRotationPause()
        }
        switch self.dial {
        case .connecting:
            return [.disarm(.rotation)]  // the rotation's socket becomes the only one
        case .waitingForPermit, .resolving:
            guard self.dying.isEmpty else {
                let actions = [.disarm(.rotation)] + self.abandonDial(closing: .replaced)
                self.dial = .draining
                return actions
            }
            // The budget shall know that this is a rotation no more.
            guard case .waitingForPermit = self.dial else { return [.disarm(.rotation)] }
            return [.disarm(.rotation)] + self.askForPermit()
        case .none:
            self.dial = .draining
            return self.sweep()
        case .draining, .backingOff:
            preconditionFailure("a slot with an open socket does not wait to connect: \(self.dial)")
        }
    }

    private mutating func giveRotationUp() -> [Action] {
        guard self.current != nil, self.dial != .none || self.successor != nil else { return [] }
        var actions = self.abandonDial(closing: .rotationGivenUp)
        if let successor = self.successor {
            self.successor = nil
            actions.append(self.bury(successor, .rotationGivenUp))
        }
        return actions + [.announceRotation(.givenUp), self.pauseRotations()]
    }

    /// Half of the bound at least: the socket that is to be replaced still works, and connections are scarce.
    private mutating func pauseRotations() -> Action {
        self.isRotationPaused = true
        let doublings = min(self.failedRotations, 20)
        self.failedRotations += 1
        let half = min(self.timing.rotationPauseCap, self.timing.rotationPauseBase * (1 << doublings)) / 2
        return .arm(.rotationPause, half + self.jitter(upTo: half))
    }

    /// The current socket is a new one: whatever failed before was for another.
    private mutating func endRotationPause() -> [Action] {
        self.failedRotations = 0
        guard self.isRotationPaused else { return [] }
        self.isRotationPaused = false
        return [.disarm(.rotationPause)]
    }

    private mutating func abandonDial(closing kind: DisconnectReason.Kind) -> [Action] {
        defer { self.dial = .none }
        switch self.dial {
        case .none, .draining: return []
        case .backingOff: return [.disarm(.backoff)]
        case .waitingForPermit: return [.disarm(.permit)]
        case .resolving: return [.disarm(.resolve), .giveBackPermit]
        case .connecting(let socket): return [self.bury(socket, kind)]
        }
    }

    private mutating func bury(_ socket: SocketID, _ kind: DisconnectReason.Kind) -> Action {
        self.dying.append(socket)
        return .close(socket, kind)
    }

    /// Goes on where only the end of older sockets was waited for.
    private mutating func sweep() -> [Action] {
        guard self.dying.isEmpty else { return [] }
        switch self.mode {
        case .stopping where self.liveSockets == 0:
            self.mode = .stopped
            return [.finished]
        case .running where self.dial == .draining:
            self.dial = .backingOff
            return [.arm(.backoff, self.backoff())]
        case .idle, .running, .stopping, .stopped:
            return []
        }
    }

    /// Full jitter: anything from nothing to the exponential bound.
    private mutating func backoff() -> Duration {
        let doublings = min(max(0, self.failures - 1), 20)
        let bound = min(self.timing.backoffCap, self.timing.backoffBase * (1 << doublings))
        return self.jitter(upTo: bound)
    }

    private mutating func jitter(upTo bound: Duration) -> Duration {
        let microseconds = max(0, bound.wholeMicroseconds)
        return .microseconds(Int64.random(in: 0...microseconds, using: &self.generator))
    }
}
