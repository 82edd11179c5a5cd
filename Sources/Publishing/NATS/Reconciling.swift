/// From where the streams are read, and when they are read once more for trades that the ledger misses: another collector
/// may have published them.
///
/// What another one stored a moment before ours came lies below what of ours was acknowledged: every reading begins where
/// the streams ended `margin` ago. A pure machine over microseconds that only go forward.
struct Reconciling {
    /// How long after a loss the streams are read: by then another collector's trades of that time are stored.
    static let delay: Int64 = 5_000_000
    /// How far back a reading begins: no two collectors of a venue are further apart.
    static let margin: Int64 = 10_000_000
    private static let sampleInterval: Int64 = 5_000_000
    private static let samplesMost = 24

    /// Where the streams ended at times past, oldest first.
    private var samples: [(at: Int64, floors: StreamFloors)] = []
    private var seen: UInt64 = 0
    private var wanted: (since: Int64, floors: StreamFloors)?
    /// Where the streams ended when the process before this one kept it, or before our first message.
    private var start: StreamFloors
    /// Where the streams ended `margin` ago.
    private(set) var behind: StreamFloors

    init(start: StreamFloors) {
        self.start = start
        self.behind = start
    }

    /// Takes the end of a stream to which nothing was sent yet.
    mutating func begin(_ stream: UInt8, at sequence: UInt64) {
        self.start.raise(stream, to: sequence)
        self.behind.raise(stream, to: sequence)
    }

    /// Looks at the ledger's count of losses; notes where the streams end now.
    mutating func look(losses: UInt64, floors: StreamFloors, at now: Int64) {
        if now - (self.samples.last?.at ?? .min / 2) >= Self.sampleInterval {
            if self.samples.count >= Self.samplesMost { self.samples.removeFirst() }
            self.samples.append((now, floors))
        }
        if let sample = self.samples.last(where: { now - $0.at >= Self.margin }) { self.behind = sample.floors }
        guard losses != self.seen else { return }
        self.seen = losses
        self.wanted = (now, self.wanted?.floors ?? self.behind)
    }

    /// Gives where to read from, once, when it is time.
    mutating func take(at now: Int64) -> StreamFloors? {
        guard let wanted = self.wanted, now - wanted.since >= Self.delay else { return nil }
        self.wanted = nil
        return wanted.floors
    }
}
