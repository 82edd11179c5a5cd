/// What is to be fetched: series, a stretch of time, an output.
package struct HistoryJobOrder: Hashable, Sendable {
    package var name: String
    package var series: [HistorySeries]
    package var rangeMilliseconds: Range<Int64>
    /// As `HistoryOutput.name`.
    package var output: String
    /// Jobs of a higher one go first.
    package var priority: Int

    package init(
        name: String, series: [HistorySeries], rangeMilliseconds: Range<Int64>, output: String, priority: Int = 0
    ) {
        self.name = name
        self.series = series
        self.rangeMilliseconds = rangeMilliseconds
        self.output = output
        self.priority = priority
    }
}

/// How a job stands.
package struct HistoryJob: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case running, paused, cancelled
        /// Nothing is left to do; pieces may have failed for good.
        case ended
    }

    package let id: Int64
    package let name: String
    package let output: String
    package let priority: Int
    package let state: State
    /// Why it is paused, where nobody asked for it.
    package let reason: String?
    package let rangeMilliseconds: Range<Int64>
    /// Up to where its series go, the earliest and the latest: the end of the range, or what was final when the last of it
    /// was cut.
    package let untilMilliseconds: ClosedRange<Int64>
    package let createdMilliseconds: Int64
    package let endedMilliseconds: Int64?
    package let series: Int
    package let counts: HistoryCounts
    package let piecesDone: Int64
    /// Pieces that run now, wait for another try, and failed for good.
    package let piecesRunning: Int64
    package let piecesWaiting: Int64
    package let piecesFailed: Int64
    /// Failed tries, ever.
    package let failures: Int64
    /// Of the time of all series together, milliseconds: what is done, and the whole.
    package let coveredMilliseconds: Int64
    package let totalMilliseconds: Int64
}

/// A failed try of a piece.
package struct HistoryFailureRecord: Hashable, Sendable {
    package let job: String
    package let series: HistorySeries
    package let rangeMilliseconds: Range<Int64>
    package let atMilliseconds: Int64
    package let error: String
}

/// The store does not work: its file cannot be used or the disk fails.
package struct HistoryStoreError: Error, CustomStringConvertible, Sendable {
    package let description: String

    init(_ error: any Error) {
        self.description = "the history's database: \(error)"
    }

    init(_ text: String) {
        self.description = text
    }
}
