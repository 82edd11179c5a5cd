/// Judges the service by `HealthInput`; pure, so that a page can never say something other than its figures.
package struct HealthModel: Hashable, Sendable {
    /// How long NATS may confirm nothing while messages wait for it.
    package var confirmPatience: Duration
    /// How long a loop may not tick.
    package var loopPatience: Duration
    /// The share of the books that must be live, 0...1, not counting stopped ones.
    package var booksLive: Double

    package init(
        confirmPatience: Duration = .seconds(30), loopPatience: Duration = .seconds(10), booksLive: Double = 1
    ) {
        self.confirmPatience = confirmPatience
        self.loopPatience = loopPatience
        self.booksLive = booksLive
    }

    /// Lists everything that is wrong, the gravest first.
    package func assess(_ input: HealthInput) -> HealthReport {
        var reasons: [HealthReason] = []
        for loop in input.loops where loop.tickAge > self.loopPatience {
            reasons.append(.loopStuck(name: loop.name, age: loop.tickAge))
        }
        if input.stopping { reasons.append(.stopping) }
        reasons += self.natsReasons(input)
        if input.feeds.isEmpty { reasons.append(.noFeeds) }
        for feed in input.feeds {
            switch feed.dataAge {
            case .none: reasons.append(.feedWithoutData(name: feed.name, uptime: input.uptime))
            case .some(let age) where age > feed.patience:
                reasons.append(.feedSilent(name: feed.name, age: age, patience: feed.patience))
            case .some: break
            }
        }
        let books = input.books
        let live = books.live + books.refreshing
        if Double(live) < Double(live + books.waiting + books.broken) * self.booksLive {
            reasons.append(.booksNotLive(live: live, waiting: books.waiting, broken: books.broken))
        }
        return HealthReport(uptime: input.uptime, reasons: reasons)
    }

    private func natsReasons(_ input: HealthInput) -> [HealthReason] {
        guard input.nats.connected else { return [.natsDisconnected] }
        let age = input.nats.confirmedAge ?? input.uptime
        guard input.nats.awaiting > 0, age > self.confirmPatience else { return [] }
        return [.natsSilent(age: age, awaiting: input.nats.awaiting)]
    }
}

/// The verdict, and the pages that tell it.
package struct HealthReport: Hashable, Sendable {
    /// Reasons written to a page; the rest are counted.
    private static let reasonsShown = 50

    package let uptime: Duration
    /// Everything that is wrong, the gravest first.
    package let reasons: [HealthReason]

    /// Whether the process works; if not, restart it.
    package var healthy: Bool { !self.reasons.contains(where: \.needsRestart) }
    /// Whether its data can be relied on.
    package var ready: Bool { self.reasons.isEmpty }

    /// An HTTP answer: status 200 or 503, and a JSON body.
    package struct Page: Hashable, Sendable {
        package let status: Int
        package let body: [UInt8]
    }

    package var healthzPage: Page { Self.page(self.healthy, self.reasons.filter(\.needsRestart), self.uptime) }
    package var readyzPage: Page { Self.page(self.ready, self.reasons, self.uptime) }

    private static func page(_ good: Bool, _ reasons: [HealthReason], _ uptime: Duration) -> Page {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("status", good ? "ok" : "failing")
            writer.field("uptime_s", uptime.components.seconds)
            writer.field("reasons", Array(reasons.prefix(Self.reasonsShown)))
            writer.field("reasons_not_shown", max(reasons.count - Self.reasonsShown, 0))
        }
        return Page(status: good ? 200 : 503, body: writer.bytes)
    }
}
