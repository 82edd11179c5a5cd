/// The stretch of ids that a linked book came through lately: tells an update that comes twice from one whose place is
/// not known.
///
/// Ids of a linked venue may start anew: OKX's maintenance gives an update with `seqId < prevSeqId`. A book that
/// missed that update would take all that follow for old ones, since their ids are smaller, and stand still while it
/// looked sound. Only ids of the last 64 to 128 updates therefore count as had already; ids of before a reset do so for up
/// to 64 updates more, for the second socket of a rotation that is behind. Anything else is a gap, which costs one
/// subscription and is on record.
struct LinkedSpan: Equatable, Sendable {
    /// Updates after which the oldest half is forgotten.
    static let half: UInt32 = 64

    /// What the book came through before the ids started anew.
    private struct Earlier: Equatable, Sendable {
        var from: UInt64
        var to: UInt64
        /// The id that followed `to`.
        var restart: UInt64
    }

    /// The book's last id, also while it is void.
    private(set) var reached: UInt64
    /// The oldest id that is remembered.
    private var from: UInt64
    private var middle: UInt64
    private var left: UInt32
    private var earlier: Earlier?

    /// Starts at a snapshot.
    ///
    /// - Parameter isInStream: False for one of another source, before which updates of the stream may follow: they
    ///   count as had already until one applies.
    init(at last: UInt64, isInStream: Bool) {
        self.reached = last
        self.from = isInStream ? last : 0
        self.middle = last
        self.left = isInStream ? Self.half : 1
    }

    /// Takes note of an update that followed.
    @inline(__always)
    mutating func advance(to last: UInt64) {
        self.forget()
        if last < self.reached { self.restart(at: last) } else { self.reached = last }
    }

    /// Takes note of a snapshot of the stream: of ids further on, or of ids that started anew.
    mutating func jump(to last: UInt64) {
        self.forget()
        if last < self.from { self.restart(at: last) } else { self.reached = last }
    }

    @inline(__always)
    private mutating func forget() {
        self.left &-= 1
        guard self.left == 0 else { return }
        self.from = self.middle
        self.middle = self.reached
        self.left = Self.half
        self.earlier = nil
    }

    private mutating func restart(at last: UInt64) {
        self.earlier = Earlier(from: self.from, to: self.reached, restart: last)
        self.reached = last
        self.from = last
        self.middle = last
        self.left = Self.half
    }

    /// Tells whether no id that comes next could be one of before a reset.
    ///
    /// Ids that were set back by little, or have come far since, could be of either side: a gap must not pass for stale.
    private func isFar(_ earlier: Earlier) -> Bool { self.reached < earlier.from / 2 }

    /// Tells whether the book has had an update that does not follow its last one.
    func has(before: UInt64, last: UInt64) -> Bool {
        if before >= self.from, before <= last, last <= self.reached { return true }
        guard let earlier = self.earlier, self.isFar(earlier) else { return false }
        if before == earlier.to, last == earlier.restart { return true }
        return before >= earlier.from && before <= last && last <= earlier.to
    }

    /// Tells whether a snapshot is one of a moment that the book has passed.
    func has(snapshot last: UInt64) -> Bool {
        if last >= self.from, last < self.reached { return true }
        guard let earlier = self.earlier, self.isFar(earlier) else { return false }
        return last >= earlier.from && last <= earlier.to
    }
}
