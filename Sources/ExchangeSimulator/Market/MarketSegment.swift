/// One of Binance's three simulated venues: its hosts, id rules and message shapes.
package enum MarketSegment: String, CaseIterable, Sendable {
    case spot, usdm, coinm

    /// The path before every REST endpoint.
    var restPrefix: String {
        switch self {
        case .spot: "/api/v3"
        case .usdm: "/fapi/v1"
        case .coinm: "/dapi/v1"
        }
    }

    var isFutures: Bool { self != .spot }

    /// The name of the segment in recorded connection names.
    init?(recordedConnection name: some StringProtocol) {
        guard let segment = Self.allCases.first(where: { name.hasPrefix("binance_\($0.rawValue):") }) else {
            return nil
        }
        self = segment
    }
}
