/// Binance's wording of subscriptions: names in a list, one acknowledgement a request, which proves nothing.
struct BinanceDialect: SubscriptionDialect {
    let spacing: Duration

    var limits: SubscriptionLimits { SubscriptionLimits(streamsPerRequest: 100, spacing: self.spacing) }

    func opening(firstID id: UInt64) -> [String] { [] }

    func request(_ method: SubscriptionMethod, _ streams: [VenueStream], id: UInt64) -> String {
        let names = streams.map { "\"\(Self.escaped($0.name))\"" }.joined(separator: ",")
        let verb =
            switch method {
            case .subscribe: "SUBSCRIBE"
            case .unsubscribe: "UNSUBSCRIBE"
            }
        return "{\"method\":\"\(verb)\",\"params\":[\(names)],\"id\":\(id)}"
    }

    func reply(id: UInt64) -> String? { nil }

    /// The venue sends control-frame pings of its own, and counts what it did not ask for.
    var ping: String? { nil }

    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
