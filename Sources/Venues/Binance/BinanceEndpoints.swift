package import MarketModel

/// The paths of Binance's REST, behind whatever host the configuration names.
package enum BinanceEndpoints {
    /// The path of the list of instruments.
    package static func instruments(_ segment: BinanceSegment) -> String {
        "\(Self.base(segment))/exchangeInfo"
    }

    /// The path and query of a depth snapshot.
    package static func depth(_ segment: BinanceSegment, symbol: String, limit: Int) -> String {
        "\(Self.base(segment))/depth?symbol=\(Self.percentEncoded(symbol))&limit=\(limit)"
    }

    /// The path and query of the open interest of one contract; spot has none.
    package static func openInterest(_ segment: BinanceSegment, symbol: String) -> String {
        "\(Self.base(segment))/openInterest?symbol=\(Self.percentEncoded(symbol))"
    }

    /// The path and query of the newest ratio of a symbol, or of a pair on COIN-M.
    ///
    /// COIN-M measures all three by pair: positions and all accounts take `pair`. Of the top traders' accounts the
    /// documentation (an undated copy, not verified) says `symbol` in its table and `pair` in its example; clients send
    /// `pair`.
    package static func ratio(
        _ segment: BinanceSegment, _ kind: LongShortRatio.Kind, of name: String, period: KlineInterval
    ) -> String {
        "\(Self.ratios(segment, kind, of: name, period: period))&limit=1"
    }

    /// The path and query of the ratios that the venue has of a range of time.
    package static func ratios(
        _ segment: BinanceSegment, _ kind: LongShortRatio.Kind, of name: String, period: KlineInterval, from: Int64,
        to: Int64, limit: Int
    ) -> String {
        "\(Self.ratios(segment, kind, of: name, period: period))&startTime=\(from)&endTime=\(to)&limit=\(limit)"
    }

    private static func ratios(
        _ segment: BinanceSegment, _ kind: LongShortRatio.Kind, of name: String, period: KlineInterval
    ) -> String {
        let resource =
            switch kind {
            case .topPosition: "topLongShortPositionRatio"
            case .topAccount: "topLongShortAccountRatio"
            case .allAccount: "globalLongShortAccountRatio"
            }
        let key = segment == .coinm ? "pair" : "symbol"
        return "/futures/data/\(resource)?\(key)=\(Self.percentEncoded(name))&period=\(period.rawValue)"
    }

    /// The path and query of the open interest at the ends of periods: of a symbol on USD-M, of the perpetual of a pair on
    /// COIN-M.
    package static func openInterestHistory(
        _ segment: BinanceSegment, of name: String, period: KlineInterval, from: Int64, to: Int64, limit: Int
    ) -> String {
        let text = Self.percentEncoded(name)
        let subject = segment == .coinm ? "pair=\(text)&contractType=PERPETUAL" : "symbol=\(text)"
        return "/futures/data/openInterestHist?\(subject)&period=\(period.rawValue)&startTime=\(from)&endTime=\(to)"
            + "&limit=\(limit)"
    }

    /// The path of the list of funding intervals that are not the usual one.
    package static func fundingIntervals(_ segment: BinanceSegment) -> String { "\(Self.base(segment))/fundingInfo" }

    /// The path and query of the bars that opened in a range of time.
    package static func klines(
        _ segment: BinanceSegment, symbol: String, _ interval: KlineInterval, from: Int64, to: Int64, limit: Int
    ) -> String {
        "\(Self.base(segment))/klines?symbol=\(Self.percentEncoded(symbol))&interval=\(interval.rawValue)"
            + "&startTime=\(from)&endTime=\(to)&limit=\(limit)"
    }

    /// The path and query of the bars of the mark price that opened in a range of time.
    package static func markPriceKlines(
        _ segment: BinanceSegment, symbol: String, _ interval: KlineInterval, from: Int64, to: Int64, limit: Int
    ) -> String {
        "\(Self.base(segment))/markPriceKlines?symbol=\(Self.percentEncoded(symbol))&interval=\(interval.rawValue)"
            + "&startTime=\(from)&endTime=\(to)&limit=\(limit)"
    }

    /// The path and query of the first trades, put together, at or behind a time and up to another.
    package static func aggregates(
        _ segment: BinanceSegment, symbol: String, from: Int64, to: Int64?, limit: Int
    ) -> String {
        "\(Self.base(segment))/aggTrades?symbol=\(Self.percentEncoded(symbol))&startTime=\(from)"
            + (to.map { "&endTime=\($0)" } ?? "") + "&limit=\(limit)"
    }

    /// The path and query of trades from an id on: single ones, or those of one order and price put together.
    package static func trades(
        _ segment: BinanceSegment, symbol: String, isAggregate: Bool, from id: UInt64, limit: UInt64
    ) -> String {
        "\(Self.base(segment))/\(isAggregate ? "aggTrades" : "historicalTrades")"
            + "?symbol=\(Self.percentEncoded(symbol))&fromId=\(id)&limit=\(limit)"
    }

    /// The path and query of the rates that were charged in a range of time.
    package static func fundingHistory(
        _ segment: BinanceSegment, symbol: String, from: Int64, to: Int64
    ) -> String {
        "\(Self.base(segment))/fundingRate?symbol=\(Self.percentEncoded(symbol))&startTime=\(from)&endTime=\(to)"
            + "&limit=\(BinanceLimits.fundingRatesMost)"
    }

    /// The path of the statistics of the last 24 hours of all symbols; spot has a short form of them.
    package static func turnovers(_ segment: BinanceSegment) -> String {
        "\(Self.base(segment))/ticker/24hr\(segment == .spot ? "?type=MINI" : "")"
    }

    /// The path that tells the venue's time.
    package static func time(_ segment: BinanceSegment) -> String { Self.base(segment) + "/time" }

    private static func base(_ segment: BinanceSegment) -> String {
        switch segment {
        case .spot: "/api/v3"
        case .usdm: "/fapi/v1"
        case .coinm: "/dapi/v1"
        }
    }

    /// Symbols may hold any UTF-8 since 2025-10.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { out, byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out.append("%")
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}
