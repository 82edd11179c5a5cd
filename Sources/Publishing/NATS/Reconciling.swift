/// When the streams are read once more for trades that the ledger misses: another collector may have published them.
///
/// A pure machine over microseconds that only go forward.
struct Reconciling {
    /// How long after a loss the streams are read: by then another collector's trades of that time are stored.
    static let delay: Int64 = 5_000_000
    /// How far before a loss the reading begins.
    static let margin: Int64 = 10_000_000
    private static let sampleInterval: Int64 = 5_000_000
    private static let samplesMost = 24

    /// Where the streams ended at times past, oldest first.
    private var samples: [(at: Int64, floors: StreamFloors)] = []
    private var seen: UInt64 = 0
    private var wanted: (since: Int64, floors: StreamFloors)?
    /// The places in time of a loss after a restart are those that the process before kept.
    private let start: StreamFloors

    init(start: StreamFloors) { self.start = start }

    /// Looks at the ledger's count of losses; notes where the streams end now.
    mutating func look(losses: UInt64, floors: StreamFloors, at now: Int64) {
        if now - (self.samples.last?.at ?? .min / 2) >= Self.sampleInterval {
            if self.samples.count >= Self.samplesMost { self.samples.removeFirst() }
            self.samples.append((now, floors))
        }
        guard losses != self.seen else { return }
        self.seen = losses
        let earlier = self.samples.last { now - $0.at >= Self.margin }?.floors ?? self.start
        self.wanted = (now, self.wanted?.floors ?? earlier)
    }

    /// Gives where to read from, once, when it is time.
    mutating func take(at now: Int64) -> StreamFloors? {
        guard let wanted = self.wanted, now - wanted.since >= Self.delay else { return nil }
        self.wanted = nil
        return wanted.floors
    }
}
