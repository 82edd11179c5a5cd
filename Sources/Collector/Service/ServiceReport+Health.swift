import MarketModel
import Observability
import OrderBook
import Publishing
import Venues

extension ServiceReport {
    /// What health is judged by.
    var healthInput: HealthInput {
        HealthInput(
            uptime: .microseconds(self.uptimeMicroseconds), feeds: self.feeds,
            silentStreams: self.connections.flatMap { feed in feed.silentStreams.map { "\(feed.name) \($0)" } },
            refusedStreams: self.connections.flatMap { feed in feed.refusedStreams.map { "\(feed.name) \($0)" } },
            missingInstruments: self.missingInstruments, books: self.bookFigures,
            loops: self.loopsAnswered.enumerated().map { index, answered in
                HealthInput.Loop(name: "loop-\(index)", tickAge: .microseconds(max(0, self.steady - answered)))
            },
            nats: self.nats,
            clocks: self.latencies.compactMap { latency in
                latency.offsetMicroseconds.map { offset in
                    HealthInput.Clock(name: "\(latency.segment)", offset: .microseconds(offset))
                }
            })
    }

    /// The lane that has waited longest for a confirmation.
    private var nats: HealthInput.NATS {
        let problem = self.publisher.streamProblem.map { "\($0)" }
        var worst = HealthInput.NATS(
            connected: self.publisher.isConnected, confirmedAge: .zero, awaiting: 0, streamProblem: problem,
            spoolProblem: self.publisher.spool?.problem)
        for ((_, cut), progress) in zip(self.lanes, self.background.lanes) {
            let awaiting = Int(clamping: cut.queued &+ cut.inFlight)
            guard awaiting > 0 else { continue }
            let age = progress.steady.map { max(0, self.steady - $0) } ?? self.uptimeMicroseconds
            guard worst.awaiting == 0 || .microseconds(age) > worst.confirmedAge ?? .zero else { continue }
            worst.confirmedAge = .microseconds(age)
            worst.awaiting = awaiting
        }
        return worst
    }

    /// Every connection of the plan; one that is not made yet has no data.
    private var feeds: [HealthInput.Feed] {
        let known = Dictionary(
            self.connections.map { ($0.name, $0.lastDataSteady) }, uniquingKeysWith: { $1 })
        return self.planned.map { planned in
            HealthInput.Feed(
                name: planned.name,
                dataAge: known[planned.name].flatMap { $0 }.map { .microseconds(max(0, self.steady - $0)) },
                patience: .microseconds(self.staleMicroseconds))
        }
    }

    private var bookFigures: HealthInput.Books {
        var figures = HealthInput.Books()
        for book in self.books {
            let name = "\(SegmentID(of: book.instrument)) \(book.instrument.venueSymbol)"
            switch book.state {
            case .live: figures.live += 1
            case .seeded where self.isUnconfirmed(book):
                figures.unconfirmed += 1
                figures.unconfirmedNames.append(name)
            // A book that stands on its snapshot is right as of then, until updates should have come.
            case .seeded: figures.live += 1
            case .refreshing: figures.refreshing += 1
            case .waiting:
                figures.waiting += 1
                figures.notLive.append(name)
            case .broken:
                figures.broken += 1
                figures.notLive.append(name)
            case .stopped:
                figures.stopped += 1
                figures.ended.append(name)
            }
        }
        return figures
    }
}
