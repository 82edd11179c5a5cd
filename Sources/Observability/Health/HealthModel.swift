/// Judges the service by `HealthInput`; pure, so that a page can never say something other than its figures.
package struct HealthModel: Hashable, Sendable {
    /// How long NATS may confirm nothing while messages wait for it.
    package var confirmPatience: Duration
    /// How long a loop may not tick.
    package var loopPatience: Duration
    /// The share of the books that must be live, 0...1, not counting stopped ones.
    package var booksLive: Double
    /// Offsets of a venue's clock that are normal: below it our clock is behind, above it ours is ahead or data is late.
    package var clockRange: ClosedRange<Duration>

    /// Names of books or streams written to a reason; its figures count them all.
    private static let namesShown = 20

    package init(
        confirmPatience: Duration = .seconds(30), loopPatience: Duration = .seconds(10), booksLive: Double = 1,
        clockRange: ClosedRange<Duration> = .milliseconds(-50)...(.seconds(1))
    ) {
        self.confirmPatience = confirmPatience
        self.loopPatience = loopPatience
        self.booksLive = booksLive
        self.clockRange = clockRange
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
        let missing = input.missingInstruments
        if !missing.isEmpty {
            reasons.append(
                .instrumentsMissing(count: missing.count, names: Array(missing.prefix(Self.namesShown))))
        }
        let refused = input.refusedStreams
        if !refused.isEmpty {
            reasons.append(.streamsRefused(count: refused.count, names: Array(refused.prefix(Self.namesShown))))
        }
        reasons += self.bookReasons(input.books)
        return HealthReport(uptime: input.uptime, reasons: reasons, notes: self.notes(input))
    }

    private func bookReasons(_ books: HealthInput.Books) -> [HealthReason] {
        let live = books.live + books.refreshing
        let all = live + books.waiting + books.broken + books.unconfirmed
        guard Double(live) < Double(all) * self.booksLive else { return [] }
        var reasons: [HealthReason] = []
        if books.waiting + books.broken > 0 {
            reasons.append(
                .booksNotLive(
                    live: live, waiting: books.waiting, broken: books.broken,
                    names: Array(books.notLive.prefix(Self.namesShown))))
        }
        if books.unconfirmed > 0 {
            reasons.append(
                .booksUnconfirmed(
                    count: books.unconfirmed, names: Array(books.unconfirmedNames.prefix(Self.namesShown))))
        }
        return reasons
    }

    private func notes(_ input: HealthInput) -> [HealthNote] {
        var notes: [HealthNote] = []
        for clock in input.clocks where !self.clockRange.contains(clock.offset) {
            notes.append(.clockApart(name: clock.name, offset: clock.offset))
        }
        if input.books.stopped > 0, !input.stopping {
            let names = input.books.ended.prefix(Self.namesShown)
            notes.append(.booksStopped(count: input.books.stopped, names: Array(names)))
        }
        if let problem = input.nats.spoolProblem { notes.append(.spoolFailing(problem: problem)) }
        let silent = input.silentStreams
        if !silent.isEmpty {
            notes.append(.streamsSilent(count: silent.count, names: Array(silent.prefix(Self.namesShown))))
        }
        return notes
    }

    private func natsReasons(_ input: HealthInput) -> [HealthReason] {
        guard input.nats.connected else { return [.natsDisconnected] }
        var reasons: [HealthReason] = []
        if let problem = input.nats.streamProblem { reasons.append(.streamProblem(problem)) }
        let age = input.nats.confirmedAge ?? input.uptime
        if input.nats.awaiting > 0, age > self.confirmPatience {
            reasons.append(.natsSilent(age: age, awaiting: input.nats.awaiting))
        }
        return reasons
    }
}

/// The verdict, and the pages that tell it.
package struct HealthReport: Hashable, Sendable {
    /// Reasons written to a page; the rest are counted.
    private static let reasonsShown = 50

    package let uptime: Duration
    /// Everything that is wrong, the gravest first.
    package let reasons: [HealthReason]
    /// What is worth a look and makes nothing unreliable.
    package let notes: [HealthNote]

    /// Whether the process works; if not, restart it.
    package var healthy: Bool { !self.reasons.contains(where: \.needsRestart) }
    /// Whether its data can be relied on.
    package var ready: Bool { self.reasons.isEmpty }

    /// An HTTP answer: status 200 or 503, and a JSON body.
    package struct Page: Hashable, Sendable {
        package let status: Int
        package let body: [UInt8]
    }

    package var healthzPage: Page { self.page(self.healthy, self.reasons.filter(\.needsRestart), []) }
    package var readyzPage: Page { self.page(self.ready, self.reasons, self.notes) }

    private func page(_ good: Bool, _ reasons: [HealthReason], _ notes: [HealthNote]) -> Page {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("status", good ? "ok" : "failing")
            writer.field("uptime_s", self.uptime.components.seconds)
            writer.field("reasons", Array(reasons.prefix(Self.reasonsShown)))
            writer.field("reasons_not_shown", max(reasons.count - Self.reasonsShown, 0))
            writer.field("notes", Array(notes.prefix(Self.reasonsShown)))
        }
        return Page(status: good ? 200 : 503, body: writer.bytes)
    }
}
