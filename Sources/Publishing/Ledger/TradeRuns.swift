/// Ids of one trade stream as runs without holes, ascending; the oldest go when there are too many.
package struct TradeRuns: Sendable, Equatable {
    static let most = 256

    package private(set) var runs: [ClosedRange<UInt64>] = []

    package init() {}

    var last: UInt64? { self.runs.last?.upperBound }

    package init(_ ids: ClosedRange<UInt64>) { self.runs = [ids] }

    package init(_ ids: [ClosedRange<UInt64>]) {
        for run in ids { self.insert(run) }
    }

    /// Adds ids, cheaply when they follow the last.
    package mutating func insert(_ ids: ClosedRange<UInt64>) {
        if let last = self.runs.last, ids.lowerBound == last.upperBound &+ 1, ids.lowerBound > last.upperBound {
            self.runs[self.runs.count - 1] = last.lowerBound...ids.upperBound
        } else if self.runs.last.map({ $0.upperBound < ids.lowerBound }) ?? true {
            self.append(ids)
        } else {
            self.insert(TradeRuns(ids))
        }
    }

    package mutating func insert(_ id: UInt64) { self.insert(id...id) }

    package mutating func insert(_ other: TradeRuns) {
        let all = (self.runs + other.runs).sorted { $0.lowerBound < $1.lowerBound }
        self.runs.removeAll(keepingCapacity: true)
        for run in all {
            guard let last = self.runs.last else {
                self.append(run)
                continue
            }
            let (next, overflow) = last.upperBound.addingReportingOverflow(1)
            if overflow || run.lowerBound <= next {
                self.runs[self.runs.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
            } else {
                self.append(run)
            }
        }
    }

    private mutating func append(_ run: ClosedRange<UInt64>) {
        if self.runs.count >= Self.most { self.runs.removeFirst() }
        self.runs.append(run)
    }

    /// What of it is in no run of `other`.
    package func without(_ other: TradeRuns) -> TradeRuns {
        var rest = TradeRuns()
        for run in self.runs {
            for piece in other.missing(in: run) { rest.insert(piece) }
        }
        return rest
    }

    /// How many ids are in its runs.
    package var total: UInt64 { self.runs.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) &+ 1 } }

    package func contains(_ id: UInt64) -> Bool {
        var (low, high) = (0, self.runs.count)
        while low < high {
            let middle = (low + high) / 2
            if self.runs[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < self.runs.count && self.runs[low].lowerBound <= id
    }

    /// What of `ids` is in no run.
    package func missing(in ids: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        var pieces: [ClosedRange<UInt64>] = []
        var next = ids.lowerBound
        for run in self.runs where run.upperBound >= next {
            guard run.lowerBound <= ids.upperBound else { break }
            if run.lowerBound > next { pieces.append(next...run.lowerBound - 1) }
            guard run.upperBound < ids.upperBound else { return pieces }
            next = run.upperBound + 1
        }
        if next <= ids.upperBound { pieces.append(next...ids.upperBound) }
        return pieces
    }
}
