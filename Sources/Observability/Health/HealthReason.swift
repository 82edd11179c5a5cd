/// One thing that is wrong, with the figures that show it.
package enum HealthReason: Hashable, Sendable {
    /// The service is on its way out.
    case stopping
    /// Nothing is set up to be collected, or not yet.
    case noFeeds
    case feedWithoutData(name: String, uptime: Duration)
    case feedSilent(name: String, age: Duration, patience: Duration)
    case booksNotLive(live: Int, waiting: Int, broken: Int)
    case natsDisconnected
    case natsSilent(age: Duration, awaiting: Int)
    case loopStuck(name: String, age: Duration)

    /// Whether only a restart helps; the others are told by `/readyz` alone.
    package var needsRestart: Bool {
        switch self {
        case .loopStuck: true
        case .stopping, .noFeeds, .feedWithoutData, .feedSilent, .booksNotLive, .natsDisconnected, .natsSilent: false
        }
    }

    /// The reason's name for programs.
    package var code: String {
        switch self {
        case .stopping: "stopping"
        case .noFeeds: "no_feeds"
        case .feedWithoutData: "feed_without_data"
        case .feedSilent: "feed_silent"
        case .booksNotLive: "books_not_live"
        case .natsDisconnected: "nats_disconnected"
        case .natsSilent: "nats_silent"
        case .loopStuck: "loop_stuck"
        }
    }
}

extension HealthReason: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", self.code)
            switch self {
            case .stopping, .noFeeds, .natsDisconnected:
                break
            case .feedWithoutData(let name, let uptime):
                writer.field("name", name)
                writer.field("uptime_ms", Self.milliseconds(uptime))
            case .feedSilent(let name, let age, let patience):
                writer.field("name", name)
                writer.field("age_ms", Self.milliseconds(age))
                writer.field("patience_ms", Self.milliseconds(patience))
            case .booksNotLive(let live, let waiting, let broken):
                writer.field("live", live)
                writer.field("waiting", waiting)
                writer.field("broken", broken)
            case .natsSilent(let age, let awaiting):
                writer.field("age_ms", Self.milliseconds(age))
                writer.field("awaiting", awaiting)
            case .loopStuck(let name, let age):
                writer.field("name", name)
                writer.field("age_ms", Self.milliseconds(age))
            }
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
