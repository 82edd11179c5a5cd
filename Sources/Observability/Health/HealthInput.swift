/// What health is judged by, gathered at one moment: ages of data, never the mere existence of objects.
package struct HealthInput: Hashable, Sendable {
    /// One stream of data that should never be silent for longer than its patience.
    package struct Feed: Hashable, Sendable {
        package var name: String
        /// Since the last data; `nil` when none ever came.
        package var dataAge: Duration?
        /// The longest silence that is normal for it.
        package var patience: Duration

        package init(name: String, dataAge: Duration?, patience: Duration) {
            self.name = name
            self.dataAge = dataAge
            self.patience = patience
        }
    }

    /// How many books are in each state.
    package struct Books: Hashable, Sendable {
        package var waiting: Int
        package var live: Int
        package var refreshing: Int
        package var broken: Int
        package var stopped: Int
        /// Those that stand on a snapshot without any update for longer than is normal.
        package var unconfirmed: Int
        /// Those that wait or are broken, by name.
        package var notLive: [String]
        /// Those that are unconfirmed, by name.
        package var unconfirmedNames: [String]
        /// Those that stopped, by name.
        package var ended: [String]

        package init(
            waiting: Int = 0, live: Int = 0, refreshing: Int = 0, broken: Int = 0, stopped: Int = 0,
            unconfirmed: Int = 0, notLive: [String] = [], unconfirmedNames: [String] = [], ended: [String] = []
        ) {
            self.waiting = waiting
            self.live = live
            self.refreshing = refreshing
            self.broken = broken
            self.stopped = stopped
            self.unconfirmed = unconfirmed
            self.notLive = notLive
            self.unconfirmedNames = unconfirmedNames
            self.ended = ended
        }
    }

    /// A venue's clock against ours.
    package struct Clock: Hashable, Sendable {
        package var name: String
        /// The middle one of the latest times from the venue's stamp to our receipt; negative when our clock is behind.
        package var offset: Duration

        package init(name: String, offset: Duration) {
            self.name = name
            self.offset = offset
        }
    }

    /// One event loop that ticks as long as it is not stuck.
    package struct Loop: Hashable, Sendable {
        package var name: String
        package var tickAge: Duration

        package init(name: String, tickAge: Duration) {
            self.name = name
            self.tickAge = tickAge
        }
    }

    package struct NATS: Hashable, Sendable {
        package var connected: Bool
        /// Since the server last confirmed anything or had nothing to confirm; `nil` when it never did.
        package var confirmedAge: Duration?
        /// Messages handed over and not confirmed yet.
        package var awaiting: Int
        /// Why JetStream takes nothing; `nil` when it does.
        package var streamProblem: String?
        /// Why the disk takes nothing; `nil` when it does, or is not used.
        package var spoolProblem: String?

        package init(
            connected: Bool, confirmedAge: Duration?, awaiting: Int, streamProblem: String? = nil,
            spoolProblem: String? = nil
        ) {
            self.spoolProblem = spoolProblem
            self.connected = connected
            self.confirmedAge = confirmedAge
            self.awaiting = awaiting
            self.streamProblem = streamProblem
        }
    }

    package var uptime: Duration
    package var stopping: Bool
    package var feeds: [Feed]
    /// Streams that are silent although the venue acknowledged them, by name.
    package var silentStreams: [String]
    /// Streams that the venue does not serve, by name: it refused them, or left them out of its answer.
    package var refusedStreams: [String]
    /// Instruments that are to be collected and that the venue does not list, by name.
    package var missingInstruments: [String]
    package var books: Books
    package var loops: [Loop]
    package var nats: NATS
    package var clocks: [Clock]

    package init(
        uptime: Duration, stopping: Bool = false, feeds: [Feed], silentStreams: [String] = [],
        refusedStreams: [String] = [], missingInstruments: [String] = [], books: Books, loops: [Loop], nats: NATS,
        clocks: [Clock] = []
    ) {
        self.uptime = uptime
        self.stopping = stopping
        self.feeds = feeds
        self.silentStreams = silentStreams
        self.refusedStreams = refusedStreams
        self.missingInstruments = missingInstruments
        self.books = books
        self.loops = loops
        self.nats = nats
        self.clocks = clocks
    }

    /// The same figures, judged `duration` later without any news.
    package func aged(by duration: Duration) -> HealthInput {
        var later = self
        later.uptime += duration
        for index in later.feeds.indices { later.feeds[index].dataAge? += duration }
        for index in later.loops.indices { later.loops[index].tickAge += duration }
        later.nats.confirmedAge? += duration
        return later
    }
}
