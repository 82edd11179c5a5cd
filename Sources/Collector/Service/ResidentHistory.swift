/// The resident set once a minute for an hour, so that growth can be told.
struct ResidentHistory: Sendable {
    static let minutes = 60

    /// One a minute, the oldest first.
    private(set) var samples: [Int] = []
    private var first: Int?
    private var nextMicroseconds = Int64.min

    init() {}

    /// Notes the resident set when a minute has gone.
    mutating func note(_ bytes: Int, at now: Int64) {
        guard now >= self.nextMicroseconds else { return }
        self.nextMicroseconds = now &+ 60_000_000
        if self.first == nil { self.first = bytes }
        if self.samples.count == Self.minutes { self.samples.removeFirst() }
        self.samples.append(bytes)
    }

    /// Growth since the first look, bytes.
    func sinceStart(_ bytes: Int) -> Int { bytes - (self.first ?? bytes) }

    /// Growth in the last hour, or since the start where that is less.
    func sinceHour(_ bytes: Int) -> Int { bytes - (self.samples.first ?? bytes) }

    /// The resident set an hour ago; nil while the process is younger.
    var anHourAgo: Int? { self.samples.count == Self.minutes ? self.samples.first : nil }
}
