package import MarketModel

/// Decides which update follows in a book: a pure machine over ids, the same for every venue.
///
/// By the rule `covering` a frame covers the ids `(before, last]`. It is stale if it ends at or before the book's last
/// id, applied if it starts at or before it, and a gap otherwise.
///
/// By the rule `linked` it is applied if `before` is the book's last id, whatever its own: greater, the same (OKX's
/// keep-alive with empty sides about every 60 s), or smaller (OKX's maintenance reset). It is stale if it lies within
/// the ids that the book came through lately, see `LinkedSpan`: two connections bring the same ids, also a reset that
/// one of them brought already. Everything else is a gap. Sources: OKX API v5, order book channel, docs of 2026-08-22
/// (https://www.okx.com/docs-v5/en/); Deribit, `book.{instrument}.{interval}`, 2026-08 (https://docs.deribit.com).
package struct BookSynchronizer: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// No valid book: updates are kept until a snapshot arrives.
        case waiting
        /// Stands on a snapshot that no update has confirmed yet.
        case seeded(last: UInt64)
        case live(last: UInt64)
    }

    package enum UpdateAction: Equatable, Sendable {
        case keep
        case discardStale
        case apply
        /// The book is void; the update is to be kept for the next snapshot.
        case breakAndKeep(expected: UInt64, received: UInt64)
    }

    package enum SnapshotAction: Equatable, Sendable {
        /// Start the book from it, then handle the kept updates in order.
        case seed
        /// A valid book stands: the snapshot can only tell it how deep it may be trusted.
        case compare
    }

    package enum ResetAction: Equatable, Sendable {
        /// No valid book stands: start it.
        case seed
        /// Put it in the place of the book that stands.
        case replace
        /// The book has passed it.
        case discardStale
    }

    package let rule: SequenceRule
    package private(set) var state = State.waiting
    /// What a linked book came through; it outlives the book, since another connection may still bring it again.
    private var span: LinkedSpan?

    package init(rule: SequenceRule = .covering) {
        self.rule = rule
    }

    /// The id of the last update in the book, nil without a valid book.
    package var last: UInt64? {
        switch self.state {
        case .waiting: nil
        case .seeded(let last), .live(let last): last
        }
    }

    @inline(__always)
    package mutating func updateReceived(before: UInt64, last: UInt64) -> UpdateAction {
        switch self.state {
        case .waiting:
            return .keep
        case .seeded(let current), .live(let current):
            if case .linked = self.rule { return self.linkReceived(before: before, last: last, current: current) }
            if last <= current { return .discardStale }
            if before <= current {
                self.state = .live(last: last)
                return .apply
            }
            self.state = .waiting
            return .breakAndKeep(expected: current &+ 1, received: before &+ 1)
        }
    }

    /// Out of line, so that the other rule pays one comparison for it.
    @inline(never)
    private mutating func linkReceived(before: UInt64, last: UInt64, current: UInt64) -> UpdateAction {
        if before == current {
            self.span?.advance(to: last)
            self.state = .live(last: last)
            return .apply
        }
        if let span = self.span, span.has(before: before, last: last) { return .discardStale }
        self.state = .waiting
        return .breakAndKeep(expected: current &+ 1, received: before &+ 1)
    }

    package mutating func snapshotReceived(last: UInt64) -> SnapshotAction {
        switch self.state {
        case .waiting:
            self.state = .seeded(last: last)
            if case .linked = self.rule { self.span = LinkedSpan(at: last, isInStream: false) }
            return .seed
        case .seeded, .live:
            return .compare
        }
    }

    /// Takes a snapshot that came in the stream: nothing has to confirm it.
    ///
    /// By the rule `linked` one with an id below those that the book came through lately is of ids that started anew,
    /// and replaces the book.
    package mutating func resetReceived(last: UInt64) -> ResetAction {
        switch self.state {
        case .waiting:
            self.state = .live(last: last)
            self.jump(to: last)
            return .seed
        case .seeded(let current), .live(let current):
            switch self.rule {
            case .covering:
                if last < current { return .discardStale }
            case .linked:
                if let span = self.span, span.has(snapshot: last) { return .discardStale }
            }
            self.jump(to: last)
            self.state = .live(last: last)
            return .replace
        }
    }

    private mutating func jump(to last: UInt64) {
        guard case .linked = self.rule else { return }
        if self.span == nil {
            self.span = LinkedSpan(at: last, isInStream: true)
        } else {
            self.span?.jump(to: last)
        }
    }

    /// Voids the book: it crossed, contradicted a snapshot, or its connection was replaced.
    package mutating func broke() {
        self.state = .waiting
    }
}
