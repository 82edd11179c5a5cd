package import MarketModel

/// What became of the comparison of a live book with the venue's own.
package struct BookAuditResult: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable, CaseIterable {
        /// They are the same as far as both are known.
        case equal
        /// They differ: the book is void.
        case mismatched
        /// The answer is of no moment that the book came through since the audit began.
        case notAligned
        /// No answer came in time, or none that is a book.
        case failed
        /// The book broke, was refreshed, replaced or given up meanwhile.
        case abandoned
    }

    package let instrument: InstrumentID
    package let outcome: Outcome
    /// Levels of both sides that were compared.
    package let levels: Int
}

/// An audit that is under way.
struct BookAudit {
    /// Levels a side that the answer holds at most: a shorter side is the whole one.
    let limit: Int
    /// When it is given up.
    var untilMicroseconds: Int64
}
