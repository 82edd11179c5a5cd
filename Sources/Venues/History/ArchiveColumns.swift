import MarketModel

/// Where the wanted columns of a table stand: by its heading, or in the documented order where it has none.
struct ArchiveColumns: Sendable {
    /// A column by the names that headings have for it.
    struct Column: Sendable {
        let names: [StaticString]
        /// Where it stands without a heading; nil for one that a table need not have.
        let place: Int?

        init(_ names: StaticString..., at place: Int?) {
            self.names = names
            self.place = place
        }
    }

    private let columns: [Column]
    /// -1 for one that the table has not.
    private var places: [Int]
    /// Whether the heading lacks a column, so that no row can be told.
    private var isUnreadable = false

    init(_ columns: [Column]) {
        self.columns = columns
        self.places = columns.map { $0.place ?? -1 }
    }

    /// The place of a wanted column, by its number among them.
    func place(_ column: Int) throws(FrameRefusal) -> Int {
        guard !self.isUnreadable else { throw .missingField }
        return self.places[column]
    }

    /// Takes a heading.
    ///
    /// - Throws: `.missingField` where it lacks a column that is needed; rows are refused then.
    mutating func take(heading row: borrowing CSVRow) throws(FrameRefusal) {
        for (index, column) in self.columns.enumerated() {
            self.places[index] = row.place(of: column.names) ?? -1
            if self.places[index] < 0, column.place != nil { self.isUnreadable = true }
        }
        if self.isUnreadable { throw .missingField }
    }
}

extension KlineInterval {
    /// Its length in milliseconds; of a month that of the shortest.
    var leastMilliseconds: Int64 { (self.microseconds ?? 28 * 86_400_000_000) / 1_000 }
}
