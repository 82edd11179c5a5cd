import Backfill
import Glibc
import MarketModel
import Publishing
import Synchronization

/// The files of one piece: they grow under other names and take their places together at the end.
final class FileHistoryPiece: HistoryPieceOutput {
    /// Files of one piece that are open at a time; rows come in order, so that more is needed by disorder alone.
    private static let openMost = 4
    /// Lines are compressed in portions of so many bytes.
    private static let portionBytes = 64 << 10
    /// Dates that are looked through for files of an earlier try.
    private static let datesMost: Int64 = 40_000

    private struct State {
        var files: [UTCDate: GzipFile] = [:]
        /// The dates whose files are open, the one written last at the end.
        var open: [UTCDate] = []
        var lines: HistoryLines
        var rows: UInt64 = 0
        /// Dates whose files are in their places.
        var placed: Set<UTCDate> = []
        var isOver = false
    }

    private let state: Mutex<State>
    private let folder: String
    private let fileName: String
    private let dates: ClosedRange<Int64>
    private let partial: PartialFiles

    init(_ piece: HistoryPiece, folder: String, format: HistoryFileFormat, partial: PartialFiles) {
        self.folder = folder
        self.partial = partial
        let range = piece.rangeMilliseconds
        self.fileName = "\(range.lowerBound)-\(range.upperBound).\(format.ending)"
        let first = UTCDate(milliseconds: range.lowerBound).number
        let last = UTCDate(milliseconds: max(range.lowerBound, range.upperBound &- 1)).number
        self.dates = first...min(last, first + Self.datesMost)
        self.state = Mutex(State(lines: HistoryLines(format, unit: piece.instrument.unit)))
    }

    func write(_ page: HistoryPage) async throws(HistoryOutputError) {
        try await self.work { (state) throws(HistoryOutputError) in try self.put(page, &state) }
    }

    func finish() async throws(HistoryOutputError) -> HistoryCounts {
        try await self.work { (state) throws(HistoryOutputError) in try self.place(&state) }
    }

    func abandon() async {
        _ = await BlockingWork.run("history-files") {
            self.state.withLock { state in
                for file in state.files.values {
                    file.close()
                    unlink(file.path)
                }
                state.files = [:]
                state.isOver = true
            }
        }
    }

    private func work<Value: Sendable>(
        _ body: @escaping @Sendable (inout State) throws(HistoryOutputError) -> Value
    ) async throws(HistoryOutputError) -> Value {
        let result = await BlockingWork.run("history-files") {
            self.state.withLock { state -> Result<Value, HistoryOutputError> in
                guard !state.isOver else { return .failure(HistoryOutputError("the piece is over")) }
                do throws(HistoryOutputError) {
                    return .success(try body(&state))
                } catch {
                    // A line may be missing from now on.
                    state.isOver = true
                    return .failure(error)
                }
            }
        }
        guard let result else { throw HistoryOutputError("no thread left to write \(self.folder)") }
        return try result.get()
    }

    // MARK: - Rows

    private func put(_ page: HistoryPage, _ state: inout State) throws(HistoryOutputError) {
        var current: UTCDate?
        for row in page.rows {
            guard let microseconds = row.time.microseconds else {
                throw HistoryOutputError("a row without a time", .rows)
            }
            let date = UTCDate(milliseconds: microseconds / 1_000)
            if let current, current != date || state.lines.bytes.count >= Self.portionBytes {
                try self.flush(current, &state)
            }
            current = date
            do throws(HistoryLines.Refusal) {
                if state.files[date] == nil {
                    state.files[date] = GzipFile(path: self.partial.next())
                    try state.lines.appendHeading(for: row, of: page)
                }
                try state.lines.append(row, of: page)
            } catch {
                throw HistoryOutputError(error.text, .rows)
            }
            state.rows += 1
        }
        if let current { try self.flush(current, &state) }
    }

    private func flush(_ date: UTCDate, _ state: inout State) throws(HistoryOutputError) {
        guard let file = state.files[date] else { return }
        if state.open.last != date {
            state.open.removeAll { $0 == date }
            while state.open.count >= Self.openMost { try state.files[state.open.removeFirst()]?.seal() }
            state.open.append(date)
        }
        try file.write(state.lines.bytes)
        state.lines.removeAll()
    }

    // MARK: - The end

    private func place(_ state: inout State) throws(HistoryOutputError) -> HistoryCounts {
        for file in state.files.values { try file.seal() }
        state.open = []
        var counts = HistoryCounts(written: state.rows)
        for (date, file) in state.files.sorted(by: { $0.key < $1.key }) {
            let folder = self.folder + "/" + date.text
            try FileTree.makeFolders(folder)
            let path = folder + "/" + self.fileName
            guard rename(file.path, path) == 0 else { throw HistoryOutputError(errno, "placing", path) }
            try FileTree.sync(folder)
            state.files[date] = nil
            counts.bytes &+= file.bytesWritten
            state.placed.insert(date)
        }
        // What an earlier try found there and this one did not.
        for number in self.dates where !state.placed.contains(UTCDate(number: number)) {
            let folder = self.folder + "/" + UTCDate(number: number).text
            if unlink(folder + "/" + self.fileName) == 0 { try FileTree.sync(folder) }
        }
        state.isOver = true
        return counts
    }
}
