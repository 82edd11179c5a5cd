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

        package init(waiting: Int = 0, live: Int = 0, refreshing: Int = 0, broken: Int = 0, stopped: Int = 0) {
            self.waiting = waiting
            self.live = live
            self.refreshing = refreshing
            self.broken = broken
            self.stopped = stopped
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
        /// Since the server last confirmed anything; `nil` when it never did.
        package var confirmedAge: Duration?
        /// Messages handed over and not confirmed yet.
        package var awaiting: Int

        package init(connected: Bool, confirmedAge: Duration?, awaiting: Int) {
            self.connected = connected
            self.confirmedAge = confirmedAge
            self.awaiting = awaiting
        }
    }

    package var uptime: Duration
    package var stopping: Bool
    package var feeds: [Feed]
    package var books: Books
    package var loops: [Loop]
    package var nats: NATS

    package init(
        uptime: Duration, stopping: Bool = false, feeds: [Feed], books: Books, loops: [Loop], nats: NATS
    ) {
        self.uptime = uptime
        self.stopping = stopping
        self.feeds = feeds
        self.books = books
        self.loops = loops
        self.nats = nats
    }
}
