/// Tells when the time of day was set, by the clock that only goes forward.
///
/// A pure machine; both times in microseconds. Slow corrections, as time daemons make them, are followed silently.
struct ClockSteps {
    /// What is called a step: more than two looks can be apart by themselves.
    static let leastMicroseconds: Int64 = 1_000_000

    private var offset: Int64?

    /// How far the time of day was set since the last look; 0 while it went its way.
    mutating func look(wall: Int64, steady: Int64) -> Int64 {
        let now = wall &- steady
        defer { self.offset = now }
        guard let before = self.offset else { return 0 }
        let step = now &- before
        return step.magnitude >= UInt64(Self.leastMicroseconds) ? step : 0
    }
}
