import MarketModel

/// What the frames of a channel are.
struct DeribitStream: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case book, trades, quote, ticker
        case kline(KlineInterval)
        case volatility
        /// Changes of state and listings of instruments.
        case instruments
        case platform
    }

    let kind: Kind
    /// The instrument or index in its name; nil for a channel of the whole venue.
    let symbol: String?

    /// Tells a channel by its name; nil for one that is not collected.
    ///
    /// `raw` is served to those who logged in only, and read here since recordings have it.
    /// Source: https://docs.deribit.com/ (2026-03-06).
    init?(name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains("") else { return nil }
        let isPaced = parts.count == 3 && Self.paces.contains(parts[2])
        switch parts[0] {
        case "book" where isPaced: self.init(.book, parts[1])
        case "trades" where isPaced: self.init(.trades, parts[1])
        case "ticker" where isPaced: self.init(.ticker, parts[1])
        case "quote" where parts.count == 2: self.init(.quote, parts[1])
        case "chart" where parts.count == 4 && parts[1] == "trades":
            guard let interval = Self.interval(ofResolution: parts[3]) else { return nil }
            self.init(.kline(interval), parts[2])
        case "deribit_volatility_index" where parts.count == 2: self.init(.volatility, parts[1])
        case "instrument" where parts.count == 4 && (parts[1] == "state" || parts[1] == "creation"):
            self.init(.instruments, nil)
        case "platform_state" where parts.count == 1: self.init(.platform, nil)
        default: return nil
        }
    }

    private init(_ kind: Kind, _ symbol: String?) {
        self.kind = kind
        self.symbol = symbol
    }

    private static let paces: Set<String> = ["raw", "100ms", "agg2"]

    /// The lengths of bars that the venue has, as it words them.
    static let resolutions: [(interval: KlineInterval, text: String)] = [
        (.minute1, "1"), (.minute3, "3"), (.minute5, "5"), (.minute10, "10"), (.minute15, "15"), (.minute30, "30"),
        (.hour1, "60"), (.hour2, "120"), (.hour3, "180"), (.hour6, "360"), (.hour12, "720"), (.day1, "1D"),
    ]

    /// The lengths of bars of a volatility index, in seconds but for the day (docs of 2026-03-06).
    static let volatilityResolutions: [(interval: KlineInterval, text: String)] = [
        (.second1, "1"), (.minute1, "60"), (.hour1, "3600"), (.hour12, "43200"), (.day1, "1D"),
    ]

    static func resolution(of interval: KlineInterval) -> String? {
        Self.resolutions.first { $0.interval == interval }?.text
    }

    private static func interval(ofResolution text: String) -> KlineInterval? {
        Self.resolutions.first { $0.text == text }?.interval
    }
}
