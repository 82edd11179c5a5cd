/// Which update follows in a book, as the venue counts.
public enum SequenceRule: Hashable, Sendable {
    /// A frame covers the ids `(before, last]`, and follows when it covers the next one: Binance.
    case covering
    /// A frame names the one before it, and follows when that is the last in the book: OKX, Deribit.
    case linked
}

/// What a snapshot of a venue's book holds, and so how far the book can be known.
public enum DepthSemantics: Hashable, Sendable {
    /// The best levels up to a number; what lies deeper is not known: Binance.
    case snapshotLimited
    /// The book is always true to so many levels a side, and levels enter at its end: OKX.
    case window(Int)
    /// The whole book: Deribit.
    case full
}
