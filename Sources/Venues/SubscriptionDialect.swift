/// How a venue words what a connection asks for.
package protocol SubscriptionDialect: Sendable {
    var limits: SubscriptionLimits { get }
    /// What is sent first on a new socket; each is answered, and subscriptions do not wait for that.
    ///
    /// - Parameter id: The id of the first; each further one has the next.
    func opening(firstID id: UInt64) -> [String]
    /// The request to take up or to give up streams.
    func request(_ method: SubscriptionMethod, _ streams: [VenueStream], id: UInt64) -> String
    /// What answers a prompt of the venue.
    func reply(id: UInt64) -> String?
    /// What is sent when nothing has come for `limits.keepalive`.
    var ping: String? { get }
}

package enum SubscriptionMethod: Sendable {
    case subscribe, unsubscribe
}

/// What a venue allows of requests on one connection.
package struct SubscriptionLimits: Hashable, Sendable {
    /// Streams of one request.
    package var streamsPerRequest: Int
    /// Bytes of one request; nil where the venue names none.
    package var bytesPerRequest: Int?
    /// The least time between two requests.
    package var spacing: Duration
    /// Requests an hour on one connection; nil where the venue names none.
    package var requestsPerHour: Int?
    /// Whether each stream of a request is acknowledged by itself.
    package var acknowledgesEach: Bool
    /// After how long without a frame a sign of life is sent.
    package var keepalive: Duration?

    package init(
        streamsPerRequest: Int, bytesPerRequest: Int? = nil, spacing: Duration, requestsPerHour: Int? = nil,
        acknowledgesEach: Bool = false, keepalive: Duration? = nil
    ) {
        self.streamsPerRequest = streamsPerRequest
        self.bytesPerRequest = bytesPerRequest
        self.spacing = spacing
        self.requestsPerHour = requestsPerHour
        self.acknowledgesEach = acknowledgesEach
        self.keepalive = keepalive
    }
}
