import MarketModel
import OrderBook
import Publishing

/// What a loop misses of the venue's data goes on the ledger.
extension Pipeline {
    /// Tells of ids that were passed over.
    func tellJump(_ trade: Trade) {
        guard let ledger = self.publisher.ledger, let jump = self.trades(of: trade.instrument).lastJump else { return }
        let now = trade.receivedMicroseconds
        ledger.record(
            GapLoss(
                GapSubject(self.instruments[trade.instrument]), of: .messages(.trade), cause: jump.cause,
                from: jump.since > 0 ? min(jump.since, now) : now, to: now,
                missing: jump.ids.upperBound - jump.ids.lowerBound &+ 1
            ).numbered(.tradeID, jump.ids.lowerBound, jump.ids.upperBound))
    }

    /// Tells that the venue counts an instrument's trades anew.
    func tellRestart(_ trade: Trade) {
        self.publisher.ledger?.renumbered(GapSubject(self.instruments[trade.instrument]))
    }

    /// Tells of books that broke and of those that stand again.
    mutating func tellBookLosses() {
        let losses = self.keeper.takeLosses()
        guard let ledger = self.publisher.ledger else { return }
        for loss in losses {
            let told = GapLoss(
                GapSubject(self.instruments[loss.instrument]), of: .messages(.orderbook),
                cause: GapCause(loss.reason), from: loss.fromMicroseconds, to: loss.toMicroseconds)
            ledger.record(told.numbered(.venueSequence, loss.from, loss.to ?? loss.from))
        }
    }
}

extension GapCause {
    /// Why a book's updates are missing.
    init(_ reason: StatusChange.Reason) {
        switch reason {
        case .gap: self = .sequenceGap
        case .crossed: self = .crossed
        case .mismatch: self = .mismatch
        case .bufferFull: self = .bufferFull
        case .valueTooLarge: self = .valueTooLarge
        case .none, .requested, .silent, .refused, .reset, .closed, .timeout, .rotation, .deliveryLost:
            self = .reconnect
        }
    }
}
