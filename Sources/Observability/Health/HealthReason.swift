/// One thing that is wrong, with the figures that show it.
package enum HealthReason: Hashable, Sendable {
    /// The service is on its way out.
    case stopping
    /// Nothing is set up to be collected, or not yet.
    case noFeeds
    case feedWithoutData(name: String, uptime: Duration)
    case feedSilent(name: String, age: Duration, patience: Duration)
    /// Instruments that are to be collected and are not: the venue does not list them in a form that can be read.
    case instrumentsMissing(count: Int, names: [String])
    /// Streams that are to be collected and that the venue does not serve: their data does not come.
    case streamsRefused(count: Int, names: [String])
    /// - Parameter names: The first of those that are not live.
    case booksNotLive(live: Int, waiting: Int, broken: Int, names: [String])
    /// Books that got a snapshot and then no update: the venue most likely does not serve their streams.
    case booksUnconfirmed(count: Int, names: [String])
    case natsDisconnected
    /// JetStream takes no messages; they stay queued.
    case streamProblem(String)
    case natsSilent(age: Duration, awaiting: Int)
    case loopStuck(name: String, age: Duration)

    /// Whether only a restart helps; the others are told by `/readyz` alone.
    package var needsRestart: Bool {
        switch self {
        case .loopStuck: true
        case .stopping, .noFeeds, .feedWithoutData, .feedSilent, .instrumentsMissing, .streamsRefused,
            .booksNotLive, .booksUnconfirmed, .natsDisconnected, .natsSilent, .streamProblem:
            false
        }
    }

    /// The reason's name for programs.
    package var code: String {
        switch self {
        case .stopping: "stopping"
        case .noFeeds: "no_feeds"
        case .feedWithoutData: "feed_without_data"
        case .feedSilent: "feed_silent"
        case .instrumentsMissing: "instruments_missing"
        case .streamsRefused: "streams_refused"
        case .booksNotLive: "books_not_live"
        case .booksUnconfirmed: "books_unconfirmed"
        case .natsDisconnected: "nats_disconnected"
        case .natsSilent: "nats_silent"
        case .streamProblem: "stream_problem"
        case .loopStuck: "loop_stuck"
        }
    }

    /// The reason in words.
    package var text: String {
        switch self {
        case .stopping: "the service is stopping"
        case .noFeeds: "nothing is collected: no feed is set up"
        case .feedWithoutData(let name, let uptime):
            "\(name) has had no data in the \(HealthText.seconds(uptime)) since the start"
        case .feedSilent(let name, let age, let patience):
            "\(name) has had no data for \(HealthText.seconds(age)), more than \(HealthText.seconds(patience))"
        case .instrumentsMissing(let count, let names):
            "\(count) instruments are not collected, the venue does not list them\(HealthText.list(names))"
        case .streamsRefused(let count, let names):
            "\(count) streams are not collected, the venue refused them\(HealthText.list(names))"
        case .booksNotLive(let live, let waiting, let broken, let names):
            "\(waiting) books wait for a snapshot and \(broken) are broken, \(live) are live\(HealthText.list(names))"
        case .booksUnconfirmed(let count, let names):
            "\(count) books have had no update since their snapshot\(HealthText.list(names))"
        case .natsDisconnected: "there is no connection to NATS"
        case .streamProblem(let problem): "JetStream takes no messages: \(problem)"
        case .natsSilent(let age, let awaiting):
            "NATS has confirmed nothing for \(HealthText.seconds(age)) while \(awaiting) messages wait"
        case .loopStuck(let name, let age): "\(name) has not answered for \(HealthText.seconds(age))"
        }
    }
}

extension HealthReason: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", self.code)
            writer.field("text", self.text)
            switch self {
            case .stopping, .noFeeds, .natsDisconnected:
                break
            case .feedWithoutData(let name, let uptime):
                writer.field("name", name)
                writer.field("uptime_ms", HealthJSON.milliseconds(uptime))
            case .feedSilent(let name, let age, let patience):
                writer.field("name", name)
                writer.field("age_ms", HealthJSON.milliseconds(age))
                writer.field("patience_ms", HealthJSON.milliseconds(patience))
            case .instrumentsMissing(let count, let names), .streamsRefused(let count, let names),
                .booksUnconfirmed(let count, let names):
                writer.field("count", count)
                writer.field("names", names)
            case .booksNotLive(let live, let waiting, let broken, let names):
                writer.field("live", live)
                writer.field("waiting", waiting)
                writer.field("broken", broken)
                writer.field("names", names)
            case .streamProblem(let problem):
                writer.field("problem", problem)
            case .natsSilent(let age, let awaiting):
                writer.field("age_ms", HealthJSON.milliseconds(age))
                writer.field("awaiting", awaiting)
            case .loopStuck(let name, let age):
                writer.field("name", name)
                writer.field("age_ms", HealthJSON.milliseconds(age))
            }
        }
    }
}

/// Something worth an operator's look that makes no data unreliable: it is told beside the reasons.
package enum HealthNote: Hashable, Sendable {
    /// The venue's clock and ours are apart, or its data comes late: latencies are wrong by as much.
    case clockApart(name: String, offset: Duration)
    /// Books that ended because their numbers do not fit; the others go on.
    case booksStopped(count: Int, names: [String])
    /// Streams that the venue acknowledged and that stayed silent; rarely traded instruments may be among them.
    case streamsSilent(count: Int, names: [String])
    /// The spool cannot be written: what NATS does not take waits in memory alone.
    case spoolFailing(problem: String)

    /// The note's name for programs.
    package var code: String {
        switch self {
        case .clockApart: "clock_apart"
        case .booksStopped: "books_stopped"
        case .streamsSilent: "streams_silent"
        case .spoolFailing: "spool_failing"
        }
    }

    /// The note in words.
    package var text: String {
        switch self {
        case .clockApart(let name, let offset):
            offset < .zero
                ? "our clock is at least \(HealthText.seconds(.zero - offset)) behind that of \(name)"
                : "data of \(name) comes \(HealthText.seconds(offset)) after its time: late, or our clock is ahead"
        case .booksStopped(let count, let names):
            "\(count) books stopped, their numbers do not fit\(HealthText.list(names))"
        case .streamsSilent(let count, let names):
            "\(count) streams are silent although the venue acknowledged them\(HealthText.list(names))"
        case .spoolFailing(let problem): "the spool does not work: \(problem)"
        }
    }
}

extension HealthNote: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", self.code)
            writer.field("text", self.text)
            switch self {
            case .clockApart(let name, let offset):
                writer.field("name", name)
                writer.field("offset_ms", HealthJSON.milliseconds(offset))
            case .booksStopped(let count, let names), .streamsSilent(let count, let names):
                writer.field("count", count)
                writer.field("names", names)
            case .spoolFailing(let problem): writer.field("problem", problem)
            }
        }
    }
}

private enum HealthText {
    /// Seconds to a thousandth, without zeros at the end: "12.5 s".
    static func seconds(_ duration: Duration) -> String {
        let milliseconds = HealthJSON.milliseconds(duration)
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest != 0 else { return "\(whole) s" }
        var digits = String(1000 + rest.magnitude).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(milliseconds < 0 && whole == 0 ? "-" : "")\(whole).\(digits) s"
    }

    static func list(_ names: [String]) -> String {
        names.isEmpty ? "" : ": " + names.joined(separator: ", ")
    }
}

private enum HealthJSON {
    /// Whole milliseconds, held at the ends of 64 bits.
    static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
