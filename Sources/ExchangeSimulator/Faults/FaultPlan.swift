/// How often what goes wrong, repeatable by seed.
package struct FaultPlan: Sendable {
    package var seed: UInt64 = 1
    /// Probability of each fault per opportunity: per frame sent to one client, per subscription, per connection,
    /// per request.
    package var rates: [Fault: Double] = [:]
    /// Those of requests for archives, where they differ from `rates`.
    package var archiveRates: [Fault: Double] = [:]
    /// How fast an archive comes that is slow.
    package var archiveBytesPerSecond = 20_000
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
    private var rates: [Fault: Double]
    private var archiveRates: [Fault: Double]
    private let frameFaults: [(fault: Fault, rate: Double)]

    init(plan: FaultPlan) {
        self.plan = plan
        self.random = RandomSource(seed: plan.seed)
        self.rates = plan.rates
        self.archiveRates = plan.archiveRates
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
        if let ordered = self.takeOrder(segments: [segment], of: nil, isFor: { $0 == stream }) { return ordered }
        for (fault, rate) in self.frameFaults where self.random.happens(rate) {
            self.count(fault)
            return fault
        }
        return nil
    }

    /// Whether `fault` happens at this opportunity, which is a request where there is a scope.
    mutating func happens(_ fault: Fault, segments: [MarketSegment], _ scope: RequestScope? = nil) -> Bool {
        if self.takeOrder(segments: segments, of: fault, isFor: { scope?.matches($0) ?? true }) != nil { return true }
        let own = scope?.isArchive == true ? self.archiveRates[fault] : nil
        guard let rate = own ?? self.rates[fault], self.random.happens(rate) else { return false }
        self.count(fault)
        return true
    }

    /// Has a fault happen to a share of all opportunities from now on, of requests for archives alone or of the others
    /// alone where that is said.
    mutating func setRate(_ fault: Fault, to share: Double, ofArchives: Bool?) {
        guard fault.isOfRequests else { return }
        if ofArchives != true {
            // Archives keep what they had.
            if ofArchives == false { self.archiveRates[fault] = self.archiveRates[fault] ?? self.rates[fault] ?? 0 }
            self.rates[fault] = share
        }
        if ofArchives != false { self.archiveRates[fault] = share }
    }

    mutating func count(_ fault: Fault) {
        self.counts[fault, default: 0] += 1
    }

    /// - Parameter isFor: Whether what an order is limited to is what there is an opportunity for.
    private mutating func takeOrder(
        segments: [MarketSegment], of fault: Fault?, isFor: (String) -> Bool
    ) -> Fault? {
        guard !self.orders.isEmpty else { return nil }
        let found = self.orders.firstIndex { order in
            (order.segment.map { segments.contains($0) } ?? true)
                && (fault.map { order.fault == $0 } ?? order.fault.isOfFrames)
                && (order.stream.map(isFor) ?? true)
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
        case .silentAck, .refuseConnects, .slowREST, .rateLimited, .banned, .serverError, .forbidden, .internalError,
            .truncatedBody, .cutAnswer, .emptyAnswer, .staleSnapshot, .notice, .lifetime, .sequenceReset,
            .wrongChecksum, .truncatedArchive, .slowArchive, .rangeIgnored, .archiveChanged:
            false
        }
    }

    /// Whether it happens to a request or its answer.
    var isOfRequests: Bool {
        switch self {
        case .slowREST, .rateLimited, .banned, .serverError, .forbidden, .internalError, .truncatedBody, .cutAnswer,
            .emptyAnswer, .staleSnapshot, .wrongChecksum, .truncatedArchive, .slowArchive, .rangeIgnored,
            .archiveChanged:
            true
        case .drop, .duplicate, .reorder, .stall, .halfOpen, .reset, .truncatedFrame, .oversizedFrame, .junk,
            .silentAck, .refuseConnects, .notice, .lifetime, .sequenceReset:
            false
        }
    }
}
