package import MarketModel
package import Venues

/// One series of the past: a kind of data of one instrument.
package struct HistorySeries: Hashable, Sendable {
    package let segment: SegmentID
    /// The venue's.
    package let symbol: String
    package let kind: HistoryKind

    package init(_ segment: SegmentID, symbol: String, kind: HistoryKind) {
        self.segment = segment
        self.symbol = symbol
        self.kind = kind
    }
}

/// A stretch of a series that is fetched in one go, and done or not done as a whole.
package struct HistoryPiece: Hashable, Sendable {
    /// How it is fetched.
    package enum Source: Hashable, Sendable {
        case rest
        case archive(ArchiveLocation)
    }

    package let series: HistorySeries
    package let instrument: Instrument
    /// By the time of its rows, half-open, milliseconds since 1970.
    package let rangeMilliseconds: Range<Int64>
    package let source: Source
    /// When an earlier try of it was first begun, microseconds since 1970; nil where there was none. Must have been kept
    /// on disk before the output was told to begin: what is not known to have been begun has left nothing behind.
    package var begunMicroseconds: Int64?

    package init(
        _ series: HistorySeries, of instrument: Instrument, rangeMilliseconds: Range<Int64>, source: Source
    ) {
        self.series = series
        self.instrument = instrument
        self.rangeMilliseconds = rangeMilliseconds
        self.source = source
    }
}
