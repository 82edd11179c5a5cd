/// What a stream carries, whatever its venue calls it.
enum StreamKind: Hashable {
    case book, bestPrices, trade, aggregateTrade
    case ticker, markPrice, indexPrice, funding, openInterest, liquidation, volatilityIndex
    /// Bars of this many milliseconds.
    case bar(Int64)
    /// What is listed and delisted.
    case listing
    /// A stream that the venue may have and the simulator does not send.
    case silent

    /// Whether it is sent by the clock, from the figures of the instrument.
    var isSampled: Bool {
        switch self {
        case .ticker, .markPrice, .indexPrice, .funding, .openInterest, .volatilityIndex, .bar: true
        case .book, .bestPrices, .trade, .aggregateTrade, .liquidation, .listing, .silent: false
        }
    }
}

/// A stream as a venue's name asks for it.
struct StreamTopic {
    /// The text by which faults and questions know the stream.
    let name: String
    let segment: MarketSegment
    /// The instrument that feeds it; `nil` for every one of the segment.
    let symbol: String?
    let kind: StreamKind
    /// What every frame of the stream begins with.
    let prefix: [UInt8]
    /// Time between the frames of a sampled stream where the name asks for one.
    var interval: Duration?
}
