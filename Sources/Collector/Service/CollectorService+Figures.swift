import MarketModel
import Resilience
import Synchronization
import Venues

/// What the pages tell of the control plane.
extension CollectorService {
    /// What became of the configurations that were read while the service runs.
    struct Reloads: Sendable, Equatable {
        var done: UInt64 = 0
        /// Wrong files, which changed nothing.
        var refused: UInt64 = 0
    }

    /// What a section lists, what is collected of it, and what is asked at intervals.
    struct Section: Sendable {
        let segment: SegmentID
        var listed = 0
        var collected = 0
        var missing = 0
        var loads = SegmentSupervisor.Loads()
        var polls = Poller.Counts()
    }

    /// Which connection carries what, in numbers.
    struct RosterFigures: Sendable {
        var connections: Int
        /// Symbols that have ever had a stream.
        var symbols: Int
    }

    /// The configuration that is followed now.
    var configured: Configuration { self.current.withLock { $0 } }

    /// The sections that were configured at the start or are now, in the catalog's order.
    var sections: [SegmentID] {
        let now = self.configured
        return VenueCatalog.segments.map(\.id).filter { self.configuration.venues[$0] != nil || now.venues[$0] != nil }
    }

    var sectionFigures: [Section] {
        let supervisors = self.supervisors.withLock { $0 }
        return self.sections.map { segment in
            guard let supervisor = supervisors[segment] else { return Section(segment: segment) }
            let counts = supervisor.counts
            return Section(
                segment: segment, listed: counts.listed, collected: counts.collected,
                missing: supervisor.missing.count, loads: supervisor.loads, polls: supervisor.poller.counts)
        }
    }

    var rosterFigures: RosterFigures {
        self.roster.withLock { RosterFigures(connections: $0.connections.count, symbols: $0.symbolsKnown) }
    }

    /// The connections that there are, or are to be before the first list is loaded.
    var connections: [CollectionPlan.Connection] {
        let configuration = self.configured
        let open = self.roster.withLock { $0.connections }
        let planned = open.compactMap { connection in
            configuration.venues[connection.segment].map { CollectionPlan.Connection(connection, $0) }
        }
        let begun = Set(open.map(\.segment))
        return planned + self.plan.connections.filter { !begun.contains($0.segment) }
    }

    /// What is to be collected and is not listed by the venue, as "binance spot BTCUSDT".
    var missingInstruments: [String] {
        let supervisors = self.supervisors.withLock { $0 }
        return VenueCatalog.segments.flatMap { supervisors[$0.id]?.missing ?? [] }
    }
}
