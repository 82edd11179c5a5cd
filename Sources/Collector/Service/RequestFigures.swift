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

    init(_ configuration: Configuration, connects: some Sequence<String>) {
        let settings = configuration.requestSettings
        var names: Set<String> = []
        for venue in configuration.venues.venues {
            for scope in venue.scopes(limits: configuration.limits[venue.id]).keys {
                names.insert(settings.scopeName(scope, of: venue))
            }
        }
        names.subtract(connects)
        let addresses = Set(settings.hosts.values.map { "\($0.host):\($0.port)" })
        let core = RequestCore.process
        let snapshot = core.snapshot()
        self.scopes = snapshot.scopes.filter { names.contains($0.scope) }
        self.hosts = snapshot.hosts.filter { addresses.contains($0.host) }
        self.scopesMost = core.limiters.scopesMaximum
        self.hostsMost = core.hosts.hostsMaximum
    }
}
