import Backfill
import Resilience
import Venues

/// The requests to venues at one moment, as far as they are asked for what is configured.
///
/// The core is one for the process and knows scopes and hosts of others as well, which have no place on the pages.
struct RequestFigures: Sendable {
    /// What the venues meter, by scope; budgets of connections are told by themselves.
    var scopes: [(scope: String, snapshot: RateLimiterSnapshot)]
    var hosts: [HostSnapshot]
    let scopesMost: Int
    let hostsMost: Int

    /// - Parameters:
    ///   - configuration: That of the start, by which scopes are named.
    ///   - now: The one that is followed now, which may have further sections.
    init(_ configuration: Configuration, _ now: Configuration, connects: some Sequence<String>) {
        let settings = configuration.requestSettings
        let used = Set((configuration.venues.venues + now.venues.venues).map(\.id))
        var names: Set<String> = []
        for venue in VenueCatalog.all where used.contains(venue.id) {
            for scope in venue.scopes(limits: configuration.limits[venue.id]).keys {
                names.insert(settings.scopeName(scope, of: venue))
            }
        }
        names.subtract(connects)
        let hosts = Array(settings.hosts.values) + Array(now.requestSettings.hosts.values)
        let addresses = Set(hosts.map(\.address))
        let core = RequestCore.process
        let snapshot = core.snapshot()
        self.scopes = snapshot.scopes.filter { names.contains($0.scope) }
        self.hosts = snapshot.hosts.filter { addresses.contains($0.host) }
        self.scopesMost = core.limiters.scopesMaximum
        self.hostsMost = core.hosts.hostsMaximum
    }
}
