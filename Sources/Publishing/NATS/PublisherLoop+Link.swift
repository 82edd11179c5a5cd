import CNATS
import Synchronization

/// The connection: made, lost, and looked after until the stop.
extension PublisherLoop {
    func startAttempt() {
        self.link = .connecting(
            ConnectionAttempt(self.configuration, signals: self.signals, waker: self.waker, retiring: self.retired))
        self.retired = nil
    }

    func attemptEnded(_ result: Result<ConnectionAttempt.Established, NATSError>, _ now: Int64) {
        switch result {
        case .success(let made): self.connected(made)
        case .failure(let error):
            self.snapshot.connectFailures &+= 1
            let pause = self.reconnectPause.next(using: &self.random)
            self.link = .down(nextAttempt: now + pause)
            self.observer.publisher(
                did: .connectFailed(error, attempt: self.reconnectPause.attempts, next: .microseconds(pause)))
        }
    }

    func connected(_ made: ConnectionAttempt.Established) {
        self.reconnectPause.reset()
        self.link = .up(made.connection)
        self.writer.use(inbox: made.connection.inbox)
        for index in self.drivers.indices {
            self.drivers[index].isAcknowledged = made.hasJetStream && self.drivers[index].lane.mode == .jetstream
            self.drivers[index].window.skip(to: self.drivers[index].lane.releasedCount)
            self.drivers[index].blockedUntil = 0
            self.drivers[index].looksAgain = false
            self.drivers[index].queue?.setDeliveryState(.up)
        }
        self.takeEnds(made.ends)
        self.resuming.isWanted = made.hasJetStream
        self.snapshot.isConnected = true
        self.snapshot.hasJetStream = made.hasJetStream
        self.snapshot.serverURL = made.connection.url
        self.snapshot.streams = made.streams
        self.snapshot.connects &+= 1
        self.observer.publisher(
            did: .connected(url: self.snapshot.serverURL, hasJetStream: made.hasJetStream, streams: made.streams))
    }

    /// Takes the loss of the connection: what only a fence confirms is unconfirmed, the rest is sent again.
    func lost(_ reason: String, _ now: Int64) {
        guard case .up(let connection) = self.link else { return }
        // Answers that had arrived still count.
        _ = self.receive(connection, now)
        guard case .up = self.link else { return }
        for index in self.drivers.indices {
            let lane = self.drivers[index].lane
            self.drivers[index].queue?.setDeliveryState(.down)
            // Nothing of a lane that spools is on its way to the server.
            if self.drivers[index].isSpooling { continue }
            if self.drivers[index].isAcknowledged {
                self.drivers[index].window.goBack(allowed: Self.batch)
                lane.goBack()
            } else if lane.inFlightCount > 0 {
                self.release(lane.inFlightCount, index, as: .unconfirmed)
                self.drivers[index].queue?.messagesLost()
            }
        }
        self.resuming.abandon()
        self.fences.removeAll()
        self.unfenced = 0
        self.retired = connection
        self.link = .down(nextAttempt: now + self.reconnectPause.next(using: &self.random))
        self.snapshot.isConnected = false
        self.snapshot.disconnects &+= 1
        self.observer.publisher(did: .disconnected(reason: reason))
    }

    /// Keeps to each lane's policy while there is no connection.
    func keepWhileDown() -> Bool {
        let dropped = self.dropCore()
        let wrote = self.writeLedger(PublishClock.monotonic())
        return self.spill() || dropped || wrote
    }

    /// Gives up what is queued in core mode: nobody wants it once the link is back.
    func dropCore() -> Bool {
        var worked = false
        for (index, driver) in self.drivers.enumerated() where driver.lane.mode == .core {
            var count: UInt64 = 0
            while count < UInt64(Self.batch), driver.lane.nextUnsent() != nil {
                driver.lane.markSent()
                count += 1
            }
            guard count > 0 else { continue }
            self.release(count, index, as: .dropped(.disconnected))
            driver.queue?.messagesLost()
            worked = true
        }
        return worked
    }

    // MARK: Resting and stopping

    /// Waits for work: for a moment while answers are due or a lane may not send, else until woken.
    func rest() {
        guard case .up = self.link else { return self.waker.pause(milliseconds: 10) }
        let isWaiting =
            self.unfenced > 0 || self.drivers.contains { $0.lane.inFlightCount > 0 || $0.lane.hasUnsent }
        if isWaiting {
            self.waker.pause(milliseconds: 1)
        } else {
            self.waker.sleep(milliseconds: 100) { self.drivers.contains { $0.lane.hasUnsent } }
        }
    }

    func report(_ now: Int64) {
        let refused = UInt64(self.signals.notPermitted.load(ordering: .relaxed))
        if refused != self.snapshot.publishesNotPermitted {
            self.snapshot.publishesNotPermitted = refused
            self.observer.publisher(did: .publishNotPermitted(count: Int(clamping: refused)))
        }
        self.snapshot.window = self.drivers.reduce(0) { $0 + $1.window.inFlight }
        self.snapshot.windowAllowed = self.drivers.reduce(0) { $0 + ($1.isAcknowledged ? $1.window.allowed : 0) }
        if now - self.latencyToldAt >= Self.latencyInterval {
            self.latencyToldAt = now
            self.snapshot.latencies = self.latencies.told
        }
        self.control.publish(self.snapshot)
    }

    func isDone() -> Bool {
        guard let stopAt = self.control.stopAt else { return false }
        if ContinuousClock.now >= stopAt { return true }
        if self.unfenced > 0, case .up(let connection) = self.link,
            !self.drivers.contains(where: { !$0.isAcknowledged && $0.lane.hasUnsent })
        {
            self.fence(connection, PublishClock.monotonic())
        }
        if self.ledger?.write(at: PublishClock.monotonic(), isLast: true) == true { return false }
        // What stands in the spool, or will, waits there for the next start.
        return !self.drivers.indices.contains { index in
            let driver = self.drivers[index]
            if case .replay = driver.role { return false }
            return !driver.lane.isEmpty && !(driver.lane.kind == .log && self.isBehindSpool(index))
        }
    }

    func stop() {
        for driver in self.drivers { driver.queue?.setDeliveryState(.down) }
        self.resuming.abandon()
        self.spoolEverything()
        switch self.link {
        case .up(let connection): natsConnection_Close(connection.handle)
        case .connecting(let attempt): attempt.abandon()
        case .down: break
        }
        self.link = .down(nextAttempt: 0)
        self.retired = nil
        self.snapshot.isConnected = false
        self.report(.max)
        nats_ReleaseThreadMemory()
        self.control.stopped()
    }
}
