import Synchronization

/// What comes back to the publisher's inbox: fences and acknowledgements.
extension PublisherLoop {
    /// Takes the answers that have arrived; true when there were any.
    func receive(_ connection: NATSConnection, _ now: Int64) -> Bool {
        connection.answers.take(into: &self.answers)
        self.control.tampered(&self.answers)
        self.settleNotPermitted()
        guard !self.answers.isEmpty else { return false }
        var fence: UInt64?
        for answer in self.answers {
            switch answer {
            case .fence(let number):
                fence = number
                self.snapshot.fencesReturned &+= 1
            case .stored(let stream, let streamSequence, let isDuplicate, let lane, let sequence):
                self.resuming.tops.raise(stream, to: streamSequence)
                self.stored((stream, streamSequence), isDuplicate, lane, sequence)
            case .failed(let code, let error, let lane, let sequence):
                if self.isInFlight(lane, sequence) { self.failed(lane, sequence, code, error, now) }
            case .unreadable: self.snapshot.problems.count(.unreadable)
            case .nobody(let lane, let sequence): self.nobodyAnswered(lane, sequence, now)
            }
        }
        if let fence { self.fenceReturned(fence) }
        for index in self.drivers.indices where self.drivers[index].isAcknowledged { self.releaseSettled(index) }
        return true
    }

    private func fenceReturned(_ number: UInt64) {
        guard let slot = self.fences.returned(number) else { return }
        // What a spooling lane has in flight is on its way to disk, whatever the fence's mark says.
        for index in self.drivers.indices where !self.drivers[index].isAcknowledged && !self.drivers[index].isSpooling {
            let released = self.drivers[index].lane.releasedCount
            let mark = self.fences.mark(slot, lane: index)
            if mark > released { self.release(mark &- released, index) }
        }
    }

    private func nobodyAnswered(_ index: Int, _ sequence: UInt64, _ now: Int64) {
        self.snapshot.problems.count(.noStream)
        // One answer is enough to start again; those to the rest of the window find nothing in flight.
        guard self.isInFlight(index, sequence) else { return }
        let subject = self.drivers[index].lane.record(inFlight: sequence).map { String(cString: $0.subject) } ?? ""
        self.goBack(index, .noStream(subject: subject), now)
    }

    private func isInFlight(_ index: Int, _ sequence: UInt64) -> Bool {
        guard index < self.drivers.count, self.drivers[index].isAcknowledged else { return false }
        return sequence >= self.drivers[index].window.oldest && sequence < self.drivers[index].window.next
    }

    private func stored(
        _ place: (stream: UInt8, sequence: UInt64), _ isDuplicate: Bool, _ index: Int, _ sequence: UInt64
    ) {
        guard self.isInFlight(index, sequence), self.drivers[index].window.settle(sequence, stored: place) else {
            return
        }
        self.snapshot.acknowledged &+= 1
        if isDuplicate { self.snapshot.duplicates &+= 1 }
        self.drivers[index].pause.reset()
        if self.drivers[index].looksAgain {
            self.drivers[index].looksAgain = false
            self.resuming.isWanted = true
        }
        if self.snapshot.streamProblem != nil {
            self.snapshot.streamProblem = nil
            self.observer.publisher(did: .streamRecovered)
        }
    }

    private func failed(_ index: Int, _ sequence: UInt64, _ code: Int, _ error: Int, _ now: Int64) {
        let problem = PublishProblem(code: code, error: error)
        self.snapshot.problems.count(problem)
        guard let reason = problem.reason else {
            return self.goBack(index, .refused(code: code, error: error), now)
        }
        guard self.drivers[index].window.settle(sequence) else { return }
        self.drivers[index].lane.record(inFlight: sequence)?.verdict = reason
        self.drivers[index].queue?.messagesLost()
    }

    /// Gives up what is in flight on subjects that the server does not let us publish on: no answer will come.
    private func settleNotPermitted() {
        guard let subjects = self.signals.takeNotPermitted() else { return }
        for index in self.drivers.indices where self.drivers[index].isAcknowledged {
            // What was written to the spool meanwhile is not in flight.
            guard self.drivers[index].window.inFlight > 0 else { continue }
            var sequences: [UInt64] = []
            self.drivers[index].lane.visitInFlight { record in
                guard subjects.contains(String(cString: record.subject)), record.verdict == nil else { return }
                sequences.append(record.sequence)
            }
            for sequence in sequences where self.drivers[index].window.settle(sequence) {
                self.snapshot.problems.count(.notPermitted)
                self.drivers[index].lane.record(inFlight: sequence)?.verdict = .refused
                self.drivers[index].queue?.messagesLost()
            }
            self.releaseSettled(index)
        }
    }
}
