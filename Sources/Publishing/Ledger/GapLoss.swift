/// Something that was lost, as whoever noticed it tells the ledger.
package struct GapLoss: Sendable {
    package var subject: GapSubject
    package var of: GapKind
    package var cause: GapCause
    package var numbering: GapNumbering?
    /// The first and the last that is missing; without meaning where nothing is numbered.
    package var first: UInt64
    package var last: UInt64
    /// Microseconds since the epoch; nil for the end while it lasts.
    package var fromMicroseconds: Int64
    package var toMicroseconds: Int64?
    /// How many were lost; nil where nobody can know.
    package var missing: UInt64?

    package init(
        _ subject: GapSubject, of kind: GapKind, cause: GapCause, from: Int64, to: Int64?, missing: UInt64? = nil
    ) {
        self.subject = subject
        self.of = kind
        self.cause = cause
        self.numbering = nil
        self.first = 0
        self.last = 0
        self.fromMicroseconds = from
        self.toMicroseconds = to
        self.missing = missing
    }

    /// The same loss with its numbers.
    package func numbered(_ numbering: GapNumbering, _ first: UInt64, _ last: UInt64) -> GapLoss {
        var loss = self
        loss.numbering = numbering
        loss.first = first
        loss.last = last
        return loss
    }

    /// The pieces that are left of a numbered loss without some of its ids.
    func without(_ runs: TradeRuns) -> [GapLoss] {
        guard self.first <= self.last else { return [self] }
        return runs.missing(in: self.first...self.last).map { piece in
            var loss = self.numbered(.tradeID, piece.lowerBound, piece.upperBound)
            loss.missing = piece.upperBound - piece.lowerBound + 1
            return loss
        }
    }
}
