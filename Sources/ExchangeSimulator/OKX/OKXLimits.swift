/// Meters OKX's REST endpoints, each by itself over two seconds.
///
/// Source: <https://www.okx.com/docs-v5/en/#overview-rate-limits>, the limit of each endpoint beside it (2026-08).
struct OKXLimits {
    private static let window: Int64 = 2_000_000
    private static let metersMax = 4_096

    private var meters: [String: SlidingWindow] = [:]
    private let strictness: Int

    init(_ limits: SimulatorLimits) {
        self.strictness = max(limits.okxStrictness, 1)
    }

    /// Counts a request; false past the limit of what it is metered by.
    mutating func admit(_ key: String, limit: Int, at now: Int64) -> Bool {
        if self.meters[key] == nil, self.meters.count == Self.metersMax { self.meters = [:] }
        return self.meters[key, default: SlidingWindow(length: Self.window, limit: max(limit / self.strictness, 1))]
            .admit(at: now)
    }
}
