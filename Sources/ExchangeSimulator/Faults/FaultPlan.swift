/// How often what goes wrong, repeatable by seed.
package struct FaultPlan: Sendable {
    package var seed: UInt64 = 1
    /// Probability of each fault per opportunity: per frame sent to one client, per subscription, per connection,
    /// per request.
    package var rates: [Fault: Double] = [:]
    package var stallDuration = Duration.seconds(2)
    /// How long a half-open connection is kept before it is reset.
    package var halfOpenDuration = Duration.seconds(60)
    package var refuseDuration = Duration.seconds(1)
    /// Between the notice of a close and the close.
    package var noticeLead = Duration.seconds(60)
    package var restDelay = Duration.seconds(2)
    package var retryAfterSeconds = 1
    /// The length that an oversized frame announces.
    package var oversizedBytes = 64 * 1024 * 1024

    package init() {}
}

/// Decides about every opportunity for a fault, and counts those that happened.
struct FaultEngine {
    /// A fault asked for by name.
    struct Order {
        let fault: Fault
        let segment: MarketSegment?
        /// The stream it is for; `nil` for any.
        let stream: String?
        var count: Int
    }

    private static let ordersMax = 4096

    let plan: FaultPlan
    private(set) var counts: [Fault: Int] = [:]
    private var random: RandomSource
    private var orders: [Order] = []
    private let frameFaults: [(fault: Fault, rate: Double)]

    init(plan: FaultPlan) {
        self.plan = plan
        self.random = RandomSource(seed: plan.seed)
        let kinds: [Fault] = [
            .drop, .duplicate, .reorder, .stall, .halfOpen, .reset, .truncatedFrame, .oversizedFrame, .junk,
        ]
        self.frameFaults = kinds.compactMap { kind in plan.rates[kind].map { (kind, $0) } }.filter { $0.rate > 0 }
    }

    /// Whether nothing can happen to frames now.
    var sparesFrames: Bool { self.frameFaults.isEmpty && self.orders.isEmpty }

    /// Queues `order`; `false` when too many wait.
    mutating func order(_ order: Order) -> Bool {
        guard self.orders.count < Self.ordersMax, order.count > 0 else { return false }
        self.orders.append(order)
        return true
    }

    /// Forgets what was ordered and has not happened; says how many.
    mutating func calm() -> Int {
        defer { self.orders = [] }
        return self.orders.reduce(0) { $0 + $1.count }
    }

    /// The fault that happens to a frame of `stream`, if any.
    mutating func frameFault(segment: MarketSegment, stream: String) -> Fault? {
        if let ordered = self.takeOrder(segments: [segment], stream: stream, of: nil) { return ordered }
        for (fault, rate) in self.frameFaults where self.random.happens(rate) {
            self.count(fault)
            return fault
        }
        return nil
    }

    /// Whether `fault` happens at this opportunity.
    mutating func happens(_ fault: Fault, segments: [MarketSegment]) -> Bool {
        if self.takeOrder(segments: segments, stream: nil, of: fault) != nil { return true }
        guard let rate = self.plan.rates[fault], self.random.happens(rate) else { return false }
        self.count(fault)
        return true
    }

    mutating func count(_ fault: Fault) {
        self.counts[fault, default: 0] += 1
    }

    private mutating func takeOrder(segments: [MarketSegment], stream: String?, of fault: Fault?) -> Fault? {
        guard !self.orders.isEmpty else { return nil }
        let found = self.orders.firstIndex { order in
            (order.segment.map { segments.contains($0) } ?? true)
                && (fault.map { order.fault == $0 } ?? order.fault.isOfFrames)
                && (order.stream == nil || stream == nil || order.stream == stream)
        }
        guard let found else { return nil }
        let ordered = self.orders[found].fault
        self.orders[found].count -= 1
        if self.orders[found].count == 0 { self.orders.remove(at: found) }
        self.count(ordered)
        return ordered
    }
}

extension Fault {
    /// Whether it happens to a frame on its way, as against a request, a subscription or a new connection.
    var isOfFrames: Bool {
        switch self {
        case .drop, .duplicate, .reorder, .stall, .halfOpen, .reset, .truncatedFrame, .oversizedFrame, .junk: true
        case .silentAck, .refuseConnects, .slowREST, .rateLimited, .banned, .serverError, .truncatedBody,
            .staleSnapshot, .notice, .lifetime, .sequenceReset:
            false
        }
    }
}
