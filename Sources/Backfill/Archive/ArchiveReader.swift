internal import MarketModel
internal import Venues

/// Reads the rows of one downloaded archive, a page at a time; whoever asks for the next has used the one before.
///
/// It runs on the cooperative pool: a page is a few milliseconds of unpacking and decoding, with reads of 64 KiB from a
/// file that was just written.
actor ArchiveReader {
    struct Limits {
        var table: ArchiveTable.Limits
        var pageRows: Int
        var pageBytes: Int
        var refusedLines: Int
    }

    private enum Outcome {
        case taken
        /// The line has more digits than the rows before it, and is read again in the next page.
        case needsNewPage
    }

    private struct Page {
        var bytes: [UInt8] = []
        var rows: [HistoryRow] = []
    }

    private let table: ArchiveTable
    private let limits: Limits
    private let range: Range<Int64>
    private let wallMicroseconds: @Sendable () -> Int64
    private var decoder: any ArchiveDecoder
    private var scales: DecimalScales
    private var isFirst = true
    private(set) var counts = ArchiveCounts()

    /// - Parameters:
    ///   - range: The rows that are wanted by their time, milliseconds since 1970.
    ///   - scales: Those that the decoder begins with.
    init(
        path: String, decoder: any ArchiveDecoder, scales: DecimalScales, range: Range<Int64>, limits: Limits,
        wallMicroseconds: @escaping @Sendable () -> Int64
    ) throws(ArchiveFailure) {
        self.table = try ArchiveTable(path: path, limits: limits.table)
        self.decoder = decoder
        self.decoder.setScales(scales)
        self.scales = scales
        self.range = range
        self.limits = limits
        self.wallMicroseconds = wallMicroseconds
    }

    func close() { self.table.close() }

    /// Reads the next rows, which may be none; nil at the end of the table.
    func nextPage() throws(ArchiveFailure) -> HistoryPage? {
        let received = self.wallMicroseconds()
        var page = Page()
        var batch = EventBatch()
        var lines = 0
        // Lines that give no row count as well, so that no call takes long.
        while page.rows.count < self.limits.pageRows, page.bytes.count < self.limits.pageBytes, lines < Self.linesMost {
            lines += 1
            switch try self.table.next() {
            case .tooLong:
                try self.refuse("a line is longer than \(self.limits.table.lineBytes) bytes")
            case .line(let line):
                let outcome = try self.take(line, received, &batch, &page)
                guard outcome == .taken else { return self.finished(page, received) }
                self.table.consume()
            case .end:
                return lines == 1 ? nil : self.finished(page, received)
            }
            self.isFirst = false
        }
        return self.finished(page, received)
    }

    // MARK: - Private

    private func finished(_ page: Page, _ received: Int64) -> HistoryPage {
        self.counts.rows += UInt64(page.rows.count)
        self.counts.bytesUnpacked = UInt64(self.table.bytesUnpacked)
        return HistoryPage(bytes: page.bytes, rows: page.rows, scales: self.scales, receivedMicroseconds: received)
    }

    private func take(
        _ line: UnsafeRawBufferPointer, _ received: Int64, _ batch: inout EventBatch, _ page: inout Page
    ) throws(ArchiveFailure) -> Outcome {
        guard !line.isEmpty else { return .taken }
        let frame = Frame(bytes: line, receivedMicroseconds: received)
        // Scales have at most so many steps to go.
        for _ in 0...Self.wideningsMost {
            batch.removeAll()
            let wider: DecimalScales
            do throws(FrameRefusal) {
                try self.decoder.decode(frame, isFirst: self.isFirst, into: &batch)
                try self.keep(batch, line, &page)
                return .taken
            } catch {
                guard let wanted = self.wider(after: error) else {
                    switch error {
                    case .notMarket: return .taken
                    case .mismatch:
                        self.counts.outside += 1
                        self.counts.others += 1
                        return .taken
                    default: break
                    }
                    try self.refuse(error.label)
                    return .taken
                }
                wider = wanted
            }
            // The rows of a page have one scale.
            guard page.rows.isEmpty else { return .needsNewPage }
            self.scales = wider
            self.decoder.setScales(wider)
        }
        try self.refuse("scales have no end")
        return .taken
    }

    /// The scales that a refused line needs; nil where it needs none.
    private func wider(after refusal: FrameRefusal) -> DecimalScales? {
        guard case .needsScale(_, let wanted) = refusal else { return nil }
        let wider = DecimalScales(
            price: max(wanted.price, self.scales.price), size: max(wanted.size, self.scales.size))
        return wider == self.scales ? nil : wider
    }

    /// Puts what a line gave into a page, with the line behind its texts.
    private func keep(
        _ batch: borrowing EventBatch, _ line: UnsafeRawBufferPointer, _ page: inout Page
    ) throws(FrameRefusal) {
        let (offset, before) = (page.bytes.count, page.rows.count)
        var hasTexts = false
        for index in 0..<batch.eventCount {
            guard var row = HistoryRow(batch.event(index)), let time = row.time.microseconds else {
                // None of a line that is refused.
                page.rows.removeLast(page.rows.count - before)
                throw .unknownEvent
            }
            guard self.range.contains(time >= 0 ? time / 1_000 : (time - 999) / 1_000) else {
                self.counts.outside += 1
                continue
            }
            hasTexts = row.move(by: offset) || hasTexts
            page.rows.append(row)
        }
        if hasTexts { page.bytes.append(contentsOf: line) }
    }

    /// Counts a line that is lost; too many of them are a file that is something else.
    private func refuse(_ reason: String) throws(ArchiveFailure) {
        self.counts.refused += 1
        guard self.counts.refused <= UInt64(max(0, self.limits.refusedLines)) else {
            throw ArchiveFailure(
                .unreadable, "\(self.counts.refused) lines could not be read, the last: \(reason)",
                mayHaveBeenSent: false)
        }
    }

    private static let linesMost = 65_536
    private static let wideningsMost = 40
}
