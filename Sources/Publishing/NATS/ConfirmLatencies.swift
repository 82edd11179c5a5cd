package import Observability

/// How long messages of one mode about one source took from the queue to the confirmation.
///
/// A message made from a frame counts as queued when the frame was received.
package struct ConfirmLatency: Sendable {
    package let mode: PublishMode
    /// As the producers number what their messages are about; 0 for nothing of that kind.
    package let source: Int
    package let histogram: LatencyHistogram
}

/// The recorders of the publisher thread, one for each mode and source.
struct ConfirmLatencies: ~Copyable {
    /// Sources that are told apart; messages of any beyond count as of none.
    private static var sourcesMost: Int { 8 }

    private let recorders: UnsafeMutablePointer<LatencyRecorder>

    init() {
        let count = PublishMode.allCases.count * Self.sourcesMost
        self.recorders = .allocate(capacity: count)
        for index in 0..<count { (self.recorders + index).initialize(to: LatencyRecorder()) }
    }

    deinit {
        self.recorders.deinitialize(count: PublishMode.allCases.count * Self.sourcesMost)
        self.recorders.deallocate()
    }

    func record(microseconds: Int64, mode: PublishMode, source: UInt8) {
        let source = Int(source) < Self.sourcesMost ? Int(source) : 0
        self.recorders[Int(mode.rawValue) * Self.sourcesMost + source].record(microseconds: microseconds)
    }

    /// Those that recorded anything.
    var told: [ConfirmLatency] {
        PublishMode.allCases.flatMap { mode in
            (0..<Self.sourcesMost).compactMap { source in
                let histogram = self.recorders[Int(mode.rawValue) * Self.sourcesMost + source].histogram
                guard histogram.count > 0 else { return nil }
                return ConfirmLatency(mode: mode, source: source, histogram: histogram)
            }
        }
    }
}
