package import MarketModel
package import Resilience
package import Transport
package import Venues

/// Where and how patiently a venue's REST is asked.
package struct VenueRESTSettings: Sendable {
    /// Where a segment's REST is served.
    package struct Host: Sendable {
        package var isSecure: Bool
        package var host: String
        package var port: Int
        /// What stands before the venue's own paths, without a slash at its end.
        package var prefix: String

        package init(isSecure: Bool, host: String, port: Int, prefix: String = "") {
            self.isSecure = isSecure
            self.host = host
            self.port = port
            self.prefix = prefix
        }

        /// As the host is named in metrics: `fapi.binance.com:443`.
        package var address: String { "\(self.host):\(self.port)" }
    }

    package var hosts: [SegmentID: Host] = [:]
    /// The hosts that stand in the names of a venue's scopes; all that it is served at where it has none here.
    ///
    /// A scope keeps its name when sections join later, since another name would be another budget.
    package var scopeHosts: [VenueID: [String]] = [:]
    /// What each venue allows, where that is not what it usually does.
    package var limits: [VenueID: VenueLimits] = [:]
    /// The deadlines of one try, the wait for budget not included.
    package var deadlines = HTTPClientRequest.Deadlines()
    /// A larger answer is refused.
    package var maxBodyBytes = 64 << 20
    /// The total covers the wait for budget: a mass resync of hundreds of books takes minutes.
    package var retry = RetryPolicy(total: .seconds(900))
    /// The total of polls.
    ///
    /// A book gives its refresh up after 120 s. Its answer comes within this and the 30 s of the last try, so that no
    /// weight is spent on an answer that nobody waits for.
    package var pollTotal = Duration.seconds(60)
    /// The total of requests for the past, which wait for whatever budget the others leave.
    package var historyTotal = Duration.seconds(3_600)

    package init() {}

    /// A scope's name in the process: the venue's, with the hosts that it is served at.
    package func scopeName(_ scope: String, of venue: any Venue) -> String {
        (["\(venue.id)-\(scope)"] + (self.scopeHosts[venue.id] ?? self.addresses(of: venue.id))).joined(separator: " ")
    }

    /// The hosts that a venue is served at, in order.
    package func addresses(of venue: VenueID) -> [String] {
        Set(self.hosts.filter { $0.key.venue == venue }.values.map(\.address)).sorted()
    }

    /// How a request of a priority is tried.
    func retry(_ priority: RatePriority) -> RetryPolicy {
        var policy = self.retry
        switch priority {
        case .resync, .gapRepair: break
        case .polls: policy.total = min(policy.total, self.pollTotal)
        case .history: policy.total = self.historyTotal
        }
        return policy
    }
}
