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
    ///
    /// Fewer are the whole side. OKX's `books` has 400 levels (docs-v5 of 2026-08-22); in frames recorded on 2022-05-13
    /// a full side stood at 400 after each of 58 updates without being cut, so it also names what leaves. A side is cut
    /// all the same: of what a venue leaves beyond its window nothing is known.
    case window(Int)
    /// The whole book: Deribit.
    case full
}
