package import MarketModel

/// A span in which a book was void: what its updates said is lost, and its state comes back with a snapshot.
package struct BookLoss: Sendable, Equatable {
    package var instrument: InstrumentID
    /// Why it broke.
    package var reason: StatusChange.Reason
    /// The venue's id of the first update that is missing.
    package var from: UInt64
    /// The id up to which the new snapshot stands for what is missing; nil while the book is void.
    package var to: UInt64?
    package var fromMicroseconds: Int64
    package var toMicroseconds: Int64?
}

extension BookKeeper {
    /// Spans that are told at most between two looks; what would be more is told when the book comes back.
    private static var lossesMost: Int { 4096 }

    /// Begins a span: the book was in use until its last update.
    mutating func lose(
        _ book: UnsafeMutablePointer<Book>, reason: StatusChange.Reason, expected: UInt64?, at now: Int64
    ) {
        guard book.pointee.loss == nil, let from = expected ?? book.pointee.synchronizer.last.map({ $0 &+ 1 }) else {
            return
        }
        let since = book.pointee.receivedMicroseconds
        let loss = BookLoss(
            instrument: book.pointee.instrument, reason: reason, from: from, to: nil,
            fromMicroseconds: since > 0 ? since : now, toMicroseconds: nil)
        book.pointee.loss = loss
        if self.losses.count < Self.lossesMost { self.losses.append(loss) }
    }

    /// Ends a span: the book stands on a snapshot again.
    mutating func regain(_ book: UnsafeMutablePointer<Book>, at now: Int64) {
        guard var loss = book.pointee.loss else { return }
        book.pointee.loss = nil
        loss.to = max(book.pointee.venueSequence, loss.from)
        loss.toMicroseconds = now
        if self.losses.count < 2 * Self.lossesMost { self.losses.append(loss) }
    }

    /// Takes the spans that began or ended since the last look.
    package mutating func takeLosses() -> [BookLoss] {
        guard !self.losses.isEmpty else { return [] }
        defer { self.losses = [] }
        return self.losses
    }
}
