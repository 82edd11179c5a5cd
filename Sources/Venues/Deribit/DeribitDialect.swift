/// Deribit's wording of subscriptions: JSON-RPC; an answer lists the channels that were taken.
///
/// Source: https://docs.deribit.com/ (subscriptions and rate limits, 2026-03-06).
struct DeribitDialect: SubscriptionDialect {
    /// What the venue's pool for subscriptions gives in three seconds.
    let creditsPer3Seconds: Int

    /// What a request to subscribe or to unsubscribe takes.
    private static let cost = 3_000
    /// Connections that share the pool: the venue meters the address. More of them live on the pool's reserve of ten.
    private static let connections = 4
    /// The venue sends its heartbeats at this pace; 10 is the least.
    private static let heartbeatSeconds = 15

    var limits: SubscriptionLimits {
        // At most 500 channels a request; half of it keeps a request within 16 KiB.
        SubscriptionLimits(
            streamsPerRequest: 250,
            spacing: .seconds(3) * Self.cost * Self.connections / max(1, self.creditsPer3Seconds),
            keepalive: .seconds(Self.heartbeatSeconds + 5))
    }

    /// From then on the venue sends heartbeats, and test requests that are to be answered at once.
    func opening(firstID id: UInt64) -> [String] {
        [Self.text("public/set_heartbeat", "{\"interval\":\(Self.heartbeatSeconds)}", id: id)]
    }

    func request(_ method: SubscriptionMethod, _ streams: [VenueStream], id: UInt64) -> String {
        let names = streams.map { "\"\(Self.escaped($0.name))\"" }.joined(separator: ",")
        let name =
            switch method {
            case .subscribe: "public/subscribe"
            case .unsubscribe: "public/unsubscribe"
            }
        return Self.text(name, "{\"channels\":[\(names)]}", id: id)
    }

    func reply(id: UInt64) -> String? { Self.text("public/test", "{}", id: id) }

    /// Zero is no request's id.
    var ping: String? { Self.text("public/test", "{}", id: 0) }

    private static func text(_ method: String, _ params: String, id: UInt64) -> String {
        "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\",\"params\":\(params)}"
    }

    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
