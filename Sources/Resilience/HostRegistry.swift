internal import Synchronization

/// Hands out what the process knows of each host, the same to everyone who asks.
///
/// Hosts come from configuration, so there are few; past `hostsMaximum` all further ones share the one named `_other`.
package final class HostRegistry<C: Clock>: Sendable where C.Duration == Duration {
    private let clock: C
    package let hostsMaximum: Int
    private let settings: HostSettings
    private let hosts = Mutex<[String: HostGuard<C>]>([:])

    init(clock: C, hostsMaximum: Int = 256, settings: HostSettings = HostSettings()) {
        self.clock = clock
        self.hostsMaximum = hostsMaximum
        self.settings = settings
    }

    /// - Parameter host: With its port, as it names itself in metrics: `fapi.binance.com:443`.
    package func host(_ host: String) -> HostGuard<C> {
        self.hosts.withLock { hosts in
            let name = hosts[host] != nil || hosts.count < self.hostsMaximum ? host : "_other"
            if let known = hosts[name] { return known }
            let made = HostGuard(host: name, clock: self.clock, settings: self.settings)
            hosts[name] = made
            return made
        }
    }

    /// Every host, ordered by name.
    package func snapshots() -> [HostSnapshot] {
        let hosts = self.hosts.withLock { $0 }
        return hosts.values.sorted { $0.host < $1.host }.map { $0.snapshot() }
    }
}
