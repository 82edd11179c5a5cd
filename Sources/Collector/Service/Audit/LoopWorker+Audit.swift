import MarketModel
import OrderBook
import Transport
import Venues

/// A comparison of a book that is under way, as its loop knows it.
struct AuditUnderWay {
    let instrument: InstrumentID
    /// Takes what became of it.
    let ended: AsyncStream<BookAuditResult>.Continuation
}

/// A loop's part in the audit of its books.
extension LoopWorker {
    /// Begins to compare a symbol's book with the venue's; false where it is not live, or not fed.
    ///
    /// - Parameter limit: Levels a side that the venue's answer holds at most.
    func beginAudit(
        _ symbol: String, in segment: SegmentID, limit: Int, ended: AsyncStream<BookAuditResult>.Continuation
    ) -> Bool {
        guard let id = self.instrument(symbol, in: segment),
            let feed = self.feeds.first(where: { $0.carriesDepth(of: id) }), feed.subscribed != nil
        else { return false }
        self.cancelAudit()
        // One that had ended belongs to nobody who still waits.
        _ = self.pipeline.keeper.takeAudits()
        guard self.pipeline.keeper.beginAudit(id, limit: limit, at: LoopClock.wallMicroseconds()) else { return false }
        self.audit = AuditUnderWay(instrument: id, ended: ended)
        return true
    }

    /// Takes the venue's book.
    func auditArrived(_ body: [UInt8], receivedMicroseconds: Int64) {
        guard let audit = self.audit else { return }
        let feed = self.feeds.first { $0.carriesDepth(of: audit.instrument) }
        let isRead = body.withUnsafeBytes { bytes in
            let frame = Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds)
            return feed?.takeAnswer(frame, to: .bookAudit, of: audit.instrument)
        }
        if isRead != true { self.pipeline.keeper.auditFailed(audit.instrument) }
        self.tellAudits()
        // A book that differs asks for its snapshot.
        self.passRequests(at: LoopClock.monotonicMicroseconds())
    }

    /// Ends the comparison that is under way, of which nobody waits for a result any more.
    func cancelAudit() {
        guard let audit = self.audit else { return }
        self.audit = nil
        self.pipeline.keeper.cancelAudit(audit.instrument)
        audit.ended.finish()
    }

    /// Passes on what became of the comparison, once that is known.
    func tellAudits() {
        for result in self.pipeline.keeper.takeAudits() {
            guard let audit = self.audit, audit.instrument == result.instrument else { continue }
            self.audit = nil
            audit.ended.yield(result)
            audit.ended.finish()
        }
    }
}
