/// Where rows of the past go.
package protocol HistoryOutput: Sendable {
    /// Names the place, as the coverage is kept by: `nats:HISTORY`, `files:/var/lib/sluice/history`.
    var name: String { get }

    /// Begins a piece; what an earlier try of the same piece left behind is taken up or replaced, so that no row stands
    /// there twice.
    func begin(_ piece: HistoryPiece) async throws(HistoryOutputError) -> any HistoryPieceOutput
}

/// The output of one piece. Used by one task at a time; ended by `finish` or `abandon`, once.
package protocol HistoryPieceOutput: AnyObject, Sendable {
    /// Takes rows; waits while too much is under way.
    func write(_ page: HistoryPage) async throws(HistoryOutputError)

    /// Returns once all that was written is safe: acknowledged, or synced and in its place.
    func finish() async throws(HistoryOutputError) -> HistoryCounts

    /// Gives up what is not finished, and closes everything.
    func abandon() async
}

/// What became of the rows of a piece.
package struct HistoryCounts: Hashable, Sendable {
    package var written: UInt64 = 0
    /// Already there, from live collection or an earlier try.
    package var skipped: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Not readable where they came from: lost, and counted.
    package var refused: UInt64 = 0

    package init(written: UInt64 = 0, skipped: UInt64 = 0, bytes: UInt64 = 0) {
        self.written = written
        self.skipped = skipped
        self.bytes = bytes
    }
}

/// Why rows could not be put away.
package struct HistoryOutputError: Error, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The place takes nothing now; later it may.
        case unavailable
        /// The place takes nothing until somebody changes something.
        case refused
        /// These rows cannot stand there; others can.
        case rows
    }

    package let description: String
    package let kind: Kind

    package init(_ description: String, _ kind: Kind = .unavailable) {
        self.description = description
        self.kind = kind
    }
}
