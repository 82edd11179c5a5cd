/// Ids of one trade stream as runs without holes, ascending; the oldest go when there are too many.
package struct TradeRuns: Sendable, Equatable {
    static let most = 256

    private(set) var runs: [ClosedRange<UInt64>] = []

    package init() {}

    var last: UInt64? { self.runs.last?.upperBound }

    package init(_ ids: ClosedRange<UInt64>) { self.runs = [ids] }

    /// Adds an id, cheaply when it follows the last.
    package mutating func insert(_ id: UInt64) {
        if let last = self.runs.last, id == last.upperBound &+ 1, id > last.upperBound {
            self.runs[self.runs.count - 1] = last.lowerBound...id
        } else if self.runs.last.map({ $0.upperBound < id }) ?? true {
            self.append(id...id)
        } else {
            self.insert(TradeRuns(id...id))
        }
    }

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

    /// What of `ids` is in no run.
    func missing(in ids: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        var pieces: [ClosedRange<UInt64>] = []
        var next = ids.lowerBound
        for run in self.runs where run.upperBound >= next {
            guard run.lowerBound <= ids.upperBound else { break }
            if run.lowerBound > next { pieces.append(next...run.lowerBound - 1) }
            guard run.upperBound < ids.upperBound else { return pieces }
            next = run.upperBound + 1
        }
        pieces.append(next...ids.upperBound)
        return pieces
    }
}
