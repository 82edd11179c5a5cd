package import MarketModel

/// A file of the past that a venue offers for download: a ZIP with one table of comma-separated values.
package struct VenueArchive: Hashable, Sendable {
    /// How long a stretch it covers.
    package enum Span: String, Hashable, Sendable {
        case day, month
    }

    package let segment: SegmentID
    /// The venue's.
    package let symbol: String
    /// What is taken of its rows: a file may hold several kinds.
    package let kind: HistoryKind
    package let span: Span
    /// The rows that are taken of it, by their time, half-open, milliseconds since 1970: it may hold others beside.
    package let rangeMilliseconds: Range<Int64>
    /// Behind the archive's base address, with a slash at its start.
    package let path: String
    /// Where its SHA-256 stands, in the form of `sha256sum`; nil where the venue gives none.
    package let checksumPath: String?

    package init(
        segment: SegmentID, symbol: String, kind: HistoryKind, span: Span, rangeMilliseconds: Range<Int64>,
        path: String, checksumPath: String?
    ) {
        self.segment = segment
        self.symbol = symbol
        self.kind = kind
        self.span = span
        self.rangeMilliseconds = rangeMilliseconds
        self.path = path
        self.checksumPath = checksumPath
    }
}

/// How an archive is found.
package enum ArchiveLocation: Hashable, Sendable {
    /// Its path follows from its name.
    case named(VenueArchive)
    /// A list that the venue's REST gives tells it; the archive's path is empty until then.
    case listed(VenueRequest, VenueArchive)

    package var archive: VenueArchive {
        switch self {
        case .named(let archive), .listed(_, let archive): archive
        }
    }
}

/// Reads the lines of one archive. Lines come without their end; texts of events point into the line's own bytes.
package protocol ArchiveDecoder: Sendable {
    /// Appends what a line says; nothing for a heading.
    ///
    /// - Parameter isFirst: Whether it is the file's first line, which may be a heading.
    /// - Throws: `.mismatch` for a line of another symbol, which is no fault.
    mutating func decode(
        _ line: Frame, isFirst: Bool, into batch: inout EventBatch
    ) throws(FrameRefusal)

    mutating func setScales(_ scales: DecimalScales)
}
