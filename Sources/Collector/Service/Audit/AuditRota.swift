import Venues

/// A book that is compared with the venue's own.
struct AuditedBook: Hashable, Sendable {
    let segment: SegmentID
    /// The venue's symbol.
    let symbol: String
}

/// Which book is compared with the venue's next: in rounds that visit each book once, in an order that chance sets anew.
///
/// Thus a difference is found within two rounds at most. A book that could not be compared is tried again at the end of
/// the round, a few times.
struct AuditRota<Generator: RandomNumberGenerator> {
    /// How often a book is tried in a round at most.
    static var triesMost: Int { 3 }

    private var generator: Generator
    /// Those still to come in this round; the last comes next.
    private var left: [AuditedBook] = []
    /// Tries of this round that came to nothing, of books that are to be tried again.
    private var tries: [AuditedBook: Int] = [:]

    init(using generator: Generator) {
        self.generator = generator
    }

    /// Books still to come in this round.
    var count: Int { self.left.count }

    /// Gives the next book; nil when there is none.
    ///
    /// - Parameter books: All books; asked when a round begins.
    mutating func next(of books: () -> [AuditedBook]) -> AuditedBook? {
        if self.left.isEmpty {
            self.tries.removeAll(keepingCapacity: true)
            self.left = books().shuffled(using: &self.generator)
        }
        return self.left.popLast()
    }

    /// Takes note that a book could not be compared.
    mutating func tryAgain(_ book: AuditedBook) {
        let tried = self.tries[book, default: 0] + 1
        self.tries[book] = tried
        if tried < Self.triesMost { self.left.insert(book, at: 0) }
    }
}
