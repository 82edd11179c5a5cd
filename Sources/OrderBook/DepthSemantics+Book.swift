package import MarketModel

/// What a book makes of its venue's depth semantics.
extension DepthSemantics {
    /// The most levels a side that are known.
    var window: Int {
        switch self {
        case .window(let levels): max(levels, 1)
        case .snapshotLimited, .full: .max
        }
    }

    /// Whether snapshots come in the stream of updates: what came before one is of no use after it.
    package var isFedByStream: Bool { if case .snapshotLimited = self { false } else { true } }

    /// Levels a side that a new snapshot makes known.
    func reach(_ settings: BookSettings, snapshotLimit: Int) -> Int {
        switch self {
        case .snapshotLimited: snapshotLimit
        case .window(let levels): min(max(levels, 1), settings.retain)
        case .full: settings.retain
        }
    }

    /// With fewer known levels a side a new snapshot is asked for; zero where it could tell nothing more.
    ///
    /// A window that is retained whole is never known less deep than the venue tells it. Where fewer levels are
    /// retained than the venue tells, the reserve shrinks as that of a limited snapshot does.
    func refreshBelow(_ settings: BookSettings, snapshotLimit: Int) -> Int {
        if case .window(let levels) = self, settings.retain >= levels { return 0 }
        return settings.refreshBelow(snapshotLimit: self.reach(settings, snapshotLimit: snapshotLimit))
    }
}
