import MarketModel
import OrderBook
import Publishing
import Transport
import Venues

/// What is missed while no socket carries the streams.
extension FeedConnection {
    /// What the venue sends while no socket carries every stream is missed: the books are void until a new snapshot.
    func missUpdates() {
        let now = LoopClock.wallMicroseconds()
        self.worker.pipeline.withEvents(at: now) { keeper, batch in
            for id in self.depthInstruments { keeper.breakBook(id, reason: .closed, at: now, &batch) }
        }
        for id in self.streams.instruments { self.worker.pipeline.connectionEnded(of: id) }
        self.seriesMissed = self.seriesMissed ?? self.lastDataMicroseconds.map { ($0, .reconnect) }
        guard self.missingSince == nil, let last = self.lastDataMicroseconds else { return }
        self.missingSince = last
        self.tellMissing(until: nil)
    }

    /// Tells the ledger that nothing came of the connection for a while, and when it came again.
    func tellMissing(until end: Int64?) {
        guard let since = self.missingSince else { return }
        let cause = self.missingCause
        if end != nil {
            self.missingSince = nil
            self.missingCause = .reconnect
        }
        let subject = GapSubject(venue: self.segment.id.venue.name, symbol: "_conn-" + self.name)
        self.worker.pipeline.publisher.ledger?.record(
            GapLoss(subject, of: .connection, cause: cause, from: since, to: end))
    }

    /// Has the bars confirmed that may have closed while no socket was open, and the funding told that was charged.
    func repairSeries() {
        guard let (since, cause) = self.seriesMissed else { return }
        self.seriesMissed = nil
        // A bar that ended just before was not told to the end either. The wall clock may have been set back.
        let start = since - Self.lastFrameDelay
        let missed = start...max(start, LoopClock.wallMicroseconds())
        for symbol in self.streams.symbols(with: .kline) {
            for interval in self.klineIntervals { self.repair(.klines(interval), of: symbol, missed, cause) }
        }
        for symbol in self.streams.symbols(with: .fundingRate) { self.repair(.funding, of: symbol, missed, cause) }
    }

    private func repair(
        _ series: SeriesOrder.Series, of symbol: String, _ missed: ClosedRange<Int64>, _ cause: GapCause
    ) {
        guard let id = self.worker.instrument(symbol, in: self.segment.id) else { return }
        self.worker.repair(
            SeriesOrder(
                segment: self.segment.id, symbol: symbol, subject: GapSubject(self.worker.pipeline.instruments[id]),
                series: series, missed: missed, cause: cause))
    }
}
