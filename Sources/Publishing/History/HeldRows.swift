import MarketModel

/// The rows of a series that streams hold, by their ids.
///
/// Trades are runs of ids, as few as there are holes between them; bars and periods are times, quotes what the
/// venue counts them as. All are bounded: what does
/// not fit is not known, and a piece that needs it cannot be begun.
struct HeldRows: Sendable {
    private static let runsMost = 1 << 18
    private static let entriesMost = 1 << 20

    private let identity: HistoryIdentity
    private var runs: [ClosedRange<UInt64>] = []
    private var places: Set<Int64> = []
    /// Of trades that their venue does not count, hashes of their ids.
    private var hashes: Set<UInt64> = []
    /// Whether there were more than are kept.
    private(set) var isOverfull = false

    init(_ identity: HistoryIdentity) { self.identity = identity }

    /// Takes what stands behind the subject in the id of a message.
    mutating func insert(_ id: UnsafeRawBufferPointer, isLive: Bool) {
        guard !self.isOverfull else { return }
        if self.identity.type == .trade {
            if let ids = TradeSpan.ids(id) { self.insert(ids) } else { self.hashes.insert(Self.hash(id)) }
        } else if let place = isLive ? self.identity.time(ofLive: id) : self.identity.place(ofHistory: id) {
            self.places.insert(place)
        }
        if self.places.count > Self.entriesMost || self.hashes.count > Self.entriesMost { self.isOverfull = true }
    }

    /// Brings the runs in order: before anything is asked.
    mutating func settle() {
        self.runs.sort { $0.lowerBound < $1.lowerBound }
        var joined: [ClosedRange<UInt64>] = []
        for run in self.runs {
            guard let last = joined.last, last.upperBound == .max || run.lowerBound <= last.upperBound + 1 else {
                joined.append(run)
                continue
            }
            joined[joined.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
        }
        self.runs = joined
    }

    /// Whether a row is among them, of an aggregate all of it.
    ///
    /// - Parameter id: A trade's own.
    func contains(_ event: MarketEvent, id: UnsafeRawBufferPointer) -> Bool {
        guard case .trade(let trade) = event else {
            return HistoryIdentity.place(of: event).map { self.places.contains($0) } ?? false
        }
        guard trade.sequence != 0 else { return self.hashes.contains(Self.hash(id)) }
        var (low, high) = (0, self.runs.count)
        while low < high {
            let middle = (low + high) / 2
            if self.runs[middle].upperBound < trade.sequence { low = middle + 1 } else { high = middle }
        }
        return low < self.runs.count && self.runs[low].lowerBound <= min(trade.firstSequence, trade.sequence)
    }

    private mutating func insert(_ ids: ClosedRange<UInt64>) {
        if let last = self.runs.last, last.upperBound < .max, ids.lowerBound >= last.lowerBound,
            ids.lowerBound <= last.upperBound + 1
        {
            self.runs[self.runs.count - 1] = last.lowerBound...max(last.upperBound, ids.upperBound)
            return
        }
        self.runs.append(ids)
        guard self.runs.count > Self.runsMost else { return }
        self.settle()
        // Otherwise every further run would bring them in order again.
        if self.runs.count > Self.runsMost / 2 { self.isOverfull = true }
    }

    private static func hash(_ id: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: id)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
