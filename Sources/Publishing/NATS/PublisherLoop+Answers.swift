import CNATS
import Synchronization

/// What comes back to the publisher's inbox: fences and acknowledgements.
extension PublisherLoop {
    private static let answersPerRound = 4096

    /// Takes the answers that have arrived; true when there were any.
    func receive(_ connection: NATSConnection, _ now: Int64) -> Bool {
        let inboxLength = connection.inbox.utf8.count
        let isLosing = self.control.losesAcknowledgements.load(ordering: .relaxed)
        var count = 0
        var fence: UInt64?
        while count < Self.answersPerRound {
            var message: OpaquePointer?
            guard natsSubscription_NextMsg(&message, connection.answers, 0) == NATS_OK, let message else { break }
            defer { natsMsg_Destroy(message) }
            count += 1
            guard !isLosing, let subject = natsMsg_GetSubject(message),
                let answer = PublishWriter.answer(subject, inboxLength: inboxLength)
            else { continue }
            if answer.isFence {
                fence = max(fence ?? 0, answer.number)
                self.snapshot.fencesReturned &+= 1
            } else if answer.lane < self.drivers.count {
                self.answered(message, answer.lane, answer.number, now)
            }
        }
        if let fence { self.fenceReturned(fence) }
        for index in self.drivers.indices where self.drivers[index].isAcknowledged { self.releaseSettled(index) }
        return count > 0
    }

    private func fenceReturned(_ number: UInt64) {
        guard let slot = self.fences.returned(number) else { return }
        for index in self.drivers.indices where !self.drivers[index].isAcknowledged {
            let released = self.drivers[index].lane.releasedCount
            let mark = self.fences.mark(slot, lane: index)
            if mark > released { self.release(mark &- released, index) }
        }
    }

    private func answered(_ message: OpaquePointer, _ index: Int, _ sequence: UInt64, _ now: Int64) {
        guard self.drivers[index].isAcknowledged else { return }
        if natsMsg_IsNoResponders(message) {
            self.snapshot.noStreamAnswers &+= 1
            let isInFlight =
                sequence >= self.drivers[index].window.oldest && sequence < self.drivers[index].window.next
            // One answer is enough to start again; those to the rest of the window find nothing in flight.
            guard isInFlight else { return }
            let subject = self.drivers[index].lane.oldestRecord.map { String(cString: $0.subject) } ?? ""
            return self.goBack(index, .noStream(subject: subject), now)
        }
        let bytes = UnsafeRawBufferPointer(
            start: natsMsg_GetData(message), count: max(0, Int(natsMsg_GetDataLength(message))))
        switch StreamAnswer(bytes) {
        case .stored(_, let isDuplicate):
            self.settled(index, sequence)
            if isDuplicate { self.snapshot.duplicates &+= 1 }
        case .failed(let code, let error):
            self.failed(index, sequence, code, error, now)
        case .unreadable:
            self.snapshot.refusals &+= 1
        }
    }

    private func settled(_ index: Int, _ sequence: UInt64) {
        guard self.drivers[index].window.settle(sequence) else { return }
        self.snapshot.acknowledged &+= 1
        self.drivers[index].pause.reset()
        if self.snapshot.streamProblem != nil {
            self.snapshot.streamProblem = nil
            self.observer.publisher(did: .streamRecovered)
        }
    }

    private func failed(_ index: Int, _ sequence: UInt64, _ code: Int, _ error: Int, _ now: Int64) {
        guard sequence >= self.drivers[index].window.oldest, sequence < self.drivers[index].window.next else { return }
        self.snapshot.refusals &+= 1
        switch StreamAnswer.recovery(code: code, error: error) {
        case .retry: self.goBack(index, .refused(code: code, error: error), now)
        case .drop(let reason):
            self.drivers[index].lane.record(inFlight: sequence)?.verdict = reason
            self.drivers[index].queue.messagesLost()
            _ = self.drivers[index].window.settle(sequence)
        }
    }
}
