/// OKX's wording of subscriptions: objects in a list, one acknowledgement for each, and a ping that is plain text.
///
/// Source: https://www.okx.com/docs-v5/en/#overview-websocket (2026-08-22).
struct OKXDialect: SubscriptionDialect {
    /// Subscribing and giving up together, an hour and connection; a request of many objects counts once.
    let requestsPerHour: Int

    var limits: SubscriptionLimits {
        SubscriptionLimits(
            streamsPerRequest: 50, bytesPerRequest: Self.bytesMax, spacing: .milliseconds(200),
            requestsPerHour: self.requestsPerHour, acknowledgesEach: true, keepalive: .seconds(20))
    }

    /// The venue takes objects of 64 KB in all; what stands around them is left off.
    private static let bytesMax = 60_000

    func opening(firstID id: UInt64) -> [String] { [] }

    func request(_ method: SubscriptionMethod, _ streams: [VenueStream], id: UInt64) -> String {
        let verb =
            switch method {
            case .subscribe: "subscribe"
            case .unsubscribe: "unsubscribe"
            }
        let arguments = streams.compactMap { stream in
            OKXChannel.parse(name: stream.name).map { $0.channel.argument(of: $0.subject) }
        }
        // Ids are letters and digits, 32 at most.
        return "{\"id\":\"\(id)\",\"op\":\"\(verb)\",\"args\":[\(arguments.joined(separator: ","))]}"
    }

    func reply(id: UInt64) -> String? { nil }

    /// A connection on which nothing came for 30 s is closed; `pong` answers.
    var ping: String? { "ping" }
}
