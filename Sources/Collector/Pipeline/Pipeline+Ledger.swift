import MarketModel
import OrderBook
import Publishing

/// What a loop misses of the venue's data goes on the ledger.
extension Pipeline {
    /// Tells of ids that were passed over, or that came after all.
    func tellChange(_ trade: Trade, isLate: Bool) {
        guard let ledger = self.publisher.ledger else { return }
        let subject = GapSubject(self.instruments[trade.instrument])
        if isLate {
            ledger.found(subject, trades: min(trade.firstSequence, trade.sequence)...trade.sequence)
        } else if let jump = self.trades(of: trade.instrument).lastJump {
            let now = trade.receivedMicroseconds
            ledger.record(
                GapLoss(
                    subject, of: .messages(.trade), cause: jump.cause, from: now, to: now,
                    missing: UInt64(jump.ids.count)
                ).numbered(.tradeID, jump.ids.lowerBound, jump.ids.upperBound))
        }
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
