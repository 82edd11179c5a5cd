package import MarketModel

/// What a subscription brings, by the venue's channels.
///
/// Source: https://www.okx.com/docs-v5/en/ (2026-08-22).
package enum OKXChannel: Hashable, Sendable {
    case books, bestOffer, trades, markPrice, indexTickers, fundingRate, openInterest, liquidationOrders, instruments
    case candle(KlineInterval)

    /// The venue's name of the channel.
    package var text: String {
        switch self {
        case .books: "books"
        case .bestOffer: "bbo-tbt"
        case .trades: "trades"
        case .markPrice: "mark-price"
        case .indexTickers: "index-tickers"
        case .fundingRate: "funding-rate"
        case .openInterest: "open-interest"
        case .liquidationOrders: "liquidation-orders"
        case .instruments: "instruments"
        case .candle(let interval): "candle" + (Self.bar(of: interval) ?? "")
        }
    }

    /// Whether it serves a whole section, and is asked for by its type.
    package var isOfSection: Bool {
        switch self {
        case .liquidationOrders, .instruments: true
        case .books, .bestOffer, .trades, .markPrice, .indexTickers, .fundingRate, .openInterest, .candle: false
        }
    }

    /// The key that names what the channel is asked for.
    package var subjectKey: String { self.isOfSection ? "instType" : "instId" }

    /// The name of a subscription on a connection: `books:BTC-USDT`.
    package func name(of subject: String) -> String { "\(self.text):\(subject)" }

    /// The object that asks for it, with its keys in the order in which the venue repeats them in every frame.
    package func argument(of subject: String) -> String {
        "{\"channel\":\"\(self.text)\",\"\(self.subjectKey)\":\"\(subject)\"}"
    }

    /// Tells the channel and its subject by the name of a subscription; nil for one that is not collected.
    package static func parse(name: String) -> (channel: OKXChannel, subject: String)? {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let channel = Self.byText[String(parts[0])], Self.isPlain(parts[1]) else { return nil }
        return (channel, String(parts[1]))
    }

    private static let byText: [String: OKXChannel] = {
        var all: [OKXChannel] = [
            .books, .bestOffer, .trades, .markPrice, .indexTickers, .fundingRate, .openInterest, .liquidationOrders,
            .instruments,
        ]
        all += KlineInterval.allCases.filter { Self.bar(of: $0) != nil }.map(OKXChannel.candle)
        return Dictionary(all.map { ($0.text, $0) }, uniquingKeysWith: { first, _ in first })
    }()

    /// Whether a subject is text that stands in JSON as it is.
    private static func isPlain(_ subject: Substring) -> Bool {
        !subject.isEmpty
            && subject.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    // MARK: Intervals

    /// The venue's text for a length, for channels and requests; nil for one that it has not.
    ///
    /// Bars of six hours and more open at midnight of UTC+8, unless the text ends in `utc`.
    package static func bar(of interval: KlineInterval) -> String? {
        switch interval {
        case .second1: "1s"
        case .minute1: "1m"
        case .minute3: "3m"
        case .minute5: "5m"
        case .minute15: "15m"
        case .minute30: "30m"
        case .hour1: "1H"
        case .hour2: "2H"
        case .hour4: "4H"
        case .hour6: "6Hutc"
        case .hour12: "12Hutc"
        case .day1: "1Dutc"
        case .day3: "3Dutc"
        case .week1: "1Wutc"
        case .month1: "1Mutc"
        case .minute10, .hour3, .hour8: nil
        }
    }
}
