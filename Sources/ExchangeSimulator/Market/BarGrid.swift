/// When the bars of an interval open.
struct BarGrid: Equatable {
    private enum Rule: Equatable {
        /// Every so many milliseconds, so many behind the multiples of that.
        case every(Int64, offset: Int64)
        case month
    }

    static let month = Self(rule: .month)
    private static let day: Int64 = 86_400_000

    private let rule: Rule

    private init(rule: Rule) {
        self.rule = rule
    }

    /// - Parameters:
    ///   - length: Milliseconds, at least 1.
    ///   - offset: Of the openings behind the multiples of the length.
    static func every(_ length: Int64, offset: Int64 = 0) -> Self {
        Self(rule: .every(max(length, 1), offset: offset))
    }

    /// Weeks open on Mondays.
    static func weeks(offset: Int64 = 0) -> Self { .every(7 * Self.day, offset: 4 * Self.day + offset) }

    /// The opening at or before a time.
    func start(of time: Int64) -> Int64 {
        switch self.rule {
        case .every(let length, let offset):
            let past = (time - offset) % length
            return time - (past < 0 ? past + length : past)
        case .month:
            let (year, month, _) = ExpiryDate.civil(time / Self.day)
            return ExpiryDate.days(year, month, 1) * Self.day
        }
    }

    /// The opening behind one.
    func next(_ start: Int64) -> Int64 {
        switch self.rule {
        case .every(let length, _): start + length
        case .month: self.start(of: start + 31 * Self.day)
        }
    }

    /// The opening before one.
    func previous(_ start: Int64) -> Int64 {
        switch self.rule {
        case .every(let length, _): start - length
        case .month: self.start(of: start - 1)
        }
    }

    /// The oldest openings of a closed range of times and the end of the last of them; empty where there is none.
    func edges(from first: Int64, through last: Int64, limit: Int) -> [Int64] {
        var start = self.start(of: first)
        if start < first { start = self.next(start) }
        guard start <= last, limit > 0 else { return [] }
        var edges = [start]
        while edges.count <= limit {
            start = self.next(start)
            edges.append(start)
            if start > last { break }
        }
        return edges
    }

    /// The newest openings of a closed range of times, in order, and the end of the last of them.
    func edges(upTo last: Int64, downTo first: Int64, limit: Int) -> [Int64] {
        var start = self.start(of: last)
        guard start >= first, limit > 0 else { return [] }
        var edges = [self.next(start), start]
        while edges.count <= limit {
            start = self.previous(start)
            guard start >= first else { break }
            edges.append(start)
        }
        return edges.reversed()
    }
}
