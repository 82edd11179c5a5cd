import Logging
import MarketModel
import Observability
import Transport
import Venues

/// Tells the log what the loops only count: frames refused, connections lost, clocks apart.
///
/// It compares one report with the one before, so the loops never log, and what repeats is sampled.
struct ServiceWarnings {
    private let log: SampledLog
    private let clockRange = HealthModel().clockRange
    private var refusals = [UInt64](repeating: 0, count: FrameRefusal.labels.count)
    private var ends: [String: [DisconnectReason.Kind: UInt64]] = [:]
    private var subscriptions: [String: UInt64] = [:]

    init(_ log: SampledLog) {
        self.log = log
    }

    mutating func look(at report: ServiceReport) {
        self.lookAtFrames(report)
        for connection in report.connections { self.look(at: connection) }
        self.look(at: report.latencies)
    }

    /// Warns of clocks that are apart.
    func look(at latencies: [SegmentLatency]) {
        for latency in latencies {
            guard let offset = latency.offsetMicroseconds, !self.clockRange.contains(.microseconds(offset)) else {
                continue
            }
            self.log.tell(
                "the venue's clock and ours are apart, or its data comes late", about: latency.segment.description,
                metadata: [
                    "venue": "\(latency.segment.venue)", "segment": "\(latency.segment.name)", "offset_us": "\(offset)",
                ])
        }
    }

    private mutating func lookAtFrames(_ report: ServiceReport) {
        for (index, label) in FrameRefusal.labels.enumerated() {
            let count = report.refused(index)
            let new = count &- self.refusals[index]
            self.refusals[index] = count
            // A print that is no trade of the market is refused by rule, which is nothing to warn of.
            guard new > 0, label != FrameRefusal.notMarket.label else { continue }
            self.log.tell(
                "frames were refused", about: label, metadata: ["reason": "\(label)", "count": "\(new)"])
        }
    }

    private mutating func look(at connection: LoopSummary.Connection) {
        let known = self.ends[connection.name] ?? [:]
        self.ends[connection.name] = connection.counters.ends
        for (kind, count) in connection.counters.ends.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let new = count &- (known[kind] ?? 0)
            guard new > 0, !DisconnectReason(kind).isPlanned else { continue }
            self.log.tell(
                "a connection ended or did not come to be", about: "\(connection.name)/\(kind.rawValue)",
                metadata: ["connection": "\(connection.name)", "reason": "\(kind.rawValue)", "count": "\(new)"])
        }
        let refused = connection.refusedSubscriptions &- (self.subscriptions[connection.name] ?? 0)
        self.subscriptions[connection.name] = connection.refusedSubscriptions
        if refused > 0 {
            self.log.tell(
                "the venue refused subscriptions", about: connection.name,
                metadata: ["connection": "\(connection.name)", "count": "\(refused)"])
        }
    }
}

extension DisconnectReason {
    /// Whether the end belongs to the plan: a rotation or the stop; a silent connection that was replaced does not.
    fileprivate var isPlanned: Bool { self.isOurs && self.kind != .replaced && self.kind != .rotationGivenUp }
}
