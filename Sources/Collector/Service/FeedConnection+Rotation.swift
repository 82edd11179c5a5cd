import MarketModel
import Transport
import Venues

/// A rotation: the first socket is believed while it lives, and what the second brought is taken when it takes over.
extension FeedConnection {
    /// Keeps a frame of the second socket: while both bring the same, the first is believed.
    func keep(_ frame: Frame, on id: SocketID) {
        self.kept.append(frame)
        self.successor?.frames &+= 1
        if self.successor?.frames == 1 { self.slot?.delivered(on: id) }
    }

    /// Takes what the second socket brought, now that it is the only one: what the first had brought too is told by its
    /// ids, times or content from what it had not.
    private func takeKept() {
        let kept = self.kept
        self.kept.removeAll()
        var controls: [VenueControl] = []
        self.worker.pipeline.takesKept = true
        kept.forEach { frame in
            self.takeScales()
            do throws(FrameRefusal) {
                if let control = try self.worker.pipeline.take(frame, &self.decoder) {
                    controls.append(control)
                    return
                }
            } catch {
                return  // counted by the pipeline, under its reason
            }
            self.lastDataMicroseconds = frame.receivedMicroseconds
            if self.missingSince != nil { self.tellMissing(until: frame.receivedMicroseconds) }
        }
        self.worker.pipeline.takesKept = false
        guard let socket = self.line?.socket else { return }
        for control in controls { self.take(control, on: socket) }
    }

    /// Goes on with the second socket of a rotation, as the first is gone or needed no more.
    func goOn(with successor: FeedLine, _ reason: DisconnectReason, at now: Int64) {
        self.line = successor
        self.successor = nil
        self.takeKept()
        if successor.subscribed != nil { self.watch.subscribed(at: now) }
        guard !self.isStopping else { return }
        if !successor.carriesAll(for: self.deadlines.overlap, at: now) { self.missUpdates() }
        if successor.hasData {
            self.announce(.live, .none)
        } else {
            self.announce(.disconnected, reason.isOurs ? .requested : .closed)
        }
    }

    /// Lets the new socket of a rotation take over once all its streams have had time to start.
    func followRotation(_ slot: any FeedSlot, at now: Int64) {
        guard self.successor != nil else { return }
        _ = self.subscribe(successor: true, at: now)
        guard let successor = self.successor, successor.carriesAll(for: self.deadlines.overlap, at: now) else { return }
        slot.rotationReady()
        self.goOn(with: successor, DisconnectReason(.rotated), at: now)
    }

    /// Has the socket replaced; where a rotation's second one is there, it takes over at once.
    func replaceSocket(_ slot: any FeedSlot, _ detail: String, at now: Int64) {
        slot.reconnect(detail: detail)
        guard let successor = self.successor, slot.currentSocket == successor.socket else { return }
        self.goOn(with: successor, DisconnectReason(.replaced), at: now)
    }
}
