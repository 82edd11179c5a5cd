/// Which of the rows that lie on a grid an answer has, and how many.
struct RowPage {
    /// The closed range of times asked for, cut to what there is.
    let first: Int64
    let last: Int64
    let limit: Int
    /// Whether the limit keeps the oldest rows of the range, or the newest.
    let keepsOldest: Bool

    /// The openings of the rows and the end of the last of them; empty where there is none.
    func edges(_ grid: BarGrid) -> [Int64] {
        guard self.first <= self.last else { return [] }
        return self.keepsOldest
            ? grid.edges(from: self.first, through: self.last, limit: self.limit)
            : grid.edges(upTo: self.last, downTo: self.first, limit: self.limit)
    }

    /// The times of the rows, oldest first.
    func times(_ grid: BarGrid) -> [Int64] { self.edges(grid).dropLast() }
}
