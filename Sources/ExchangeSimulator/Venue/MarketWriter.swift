/// What happened to an instrument that a stream may tell of.
enum MarketNews {
    /// A depth message of a book whose clients ask for a snapshot themselves.
    case change(SimulatedMarket.Change)
    /// The whole book, where the stream begins with it.
    case snapshot(BookTop)
    case delta(BookDelta)
    /// Nothing changed for so long that the venue says so.
    case unchanged(bookID: UInt64)
    case best(BookTop)
    /// One trade, or those of an interval.
    case trades(ArraySlice<TimedPrint>)
    case figures(MarketFigures)
    case bar(Bar)
    case liquidation(SimulatedLiquidation)
}

/// How a venue tells a book.
enum BookDelivery {
    /// Changes only; the snapshot is asked for.
    case changes
    /// A snapshot in the stream, then changes linked to it, of this many levels a side.
    case linked(levels: Int)
}

/// Words what happens to one instrument as its venue does.
protocol MarketWriter {
    var books: BookDelivery { get }
    /// Whether trades are told with the depth messages, as many as there were.
    var batchesTrades: Bool { get }
    /// Whether a subscription is answered with the present state.
    var welcomes: Bool { get }

    /// Writes a frame without what the client's own choice puts around it; nothing where there is nothing to say.
    func write(_ news: MarketNews, on topic: StreamTopic, at milliseconds: Int64, into text: inout [UInt8])
}
