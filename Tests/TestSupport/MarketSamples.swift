package import MarketModel

/// Events of every type beside trades and books, for the instrument of number 0.
package enum MarketSamples {
    /// What ids and numbers of bars stand in.
    package static let frame = #"77 "61000.10","62000","60999.99000","61737.63","1234567890123456789.50","0","1e3""#

    /// The hash of `bar`'s numbers, computed by a separate program from FNV-1a's definition.
    package static let klineDigest = "febe63219b23304d"

    private static let book = InstrumentID(0)
    private static let time = Timestamp(microseconds: 1_700_000_000_000_000)

    private static func number(_ text: String) -> DecimalValue { DecimalValue(text) ?? .none }

    private static func place(_ text: String) -> FrameText {
        let quoted = Array("\"\(text)\"".utf8)
        let bytes = Array(Self.frame.utf8)
        let start = (0...(bytes.count - quoted.count)).first { bytes[$0...].starts(with: quoted) } ?? 0
        return FrameText(offset: start + 1, count: text.utf8.count)
    }

    private static var bar: Kline {
        var bar = Kline(
            instrument: Self.book, interval: .minute1, openTime: Self.time, receivedMicroseconds: 5)
        bar.open = Self.place("61000.10")
        bar.high = Self.place("62000")
        bar.low = Self.place("60999.99000")
        bar.close = Self.place("61737.63")
        bar.baseVolume = Self.place("1234567890123456789.50")
        bar.quoteVolume = Self.place("0")
        bar.contractVolume = Self.place("1e3")
        bar.tradeCount = 42
        bar.isClosed = true
        bar.eventTime = Timestamp(microseconds: 1_700_000_060_000_000)
        return bar
    }

    private static func ratio(_ kind: LongShortRatio.Kind, _ ratio: String = "1.5") -> MarketEvent {
        .longShortRatio(
            LongShortRatio(
                instrument: Self.book, kind: kind, ratio: Self.number(ratio), long: Self.number("0.6"),
                short: Self.number("0.4"), periodMicroseconds: 300_000_000, eventTime: Self.time,
                receivedMicroseconds: 5))
    }

    private static func interest(_ amount: String, at time: Timestamp = Self.time) -> MarketEvent {
        .openInterest(
            OpenInterest(
                instrument: Self.book, amount: Self.number(amount), baseAmount: Self.number("12.50"),
                valueUSD: Self.number("790000"), eventTime: time, receivedMicroseconds: 5))
    }

    private static func index(_ close: String, resolution: Int64 = 60_000_000) -> MarketEvent {
        .volatilityIndex(
            VolatilityIndex(
                instrument: Self.book, open: Self.number("45"), high: Self.number("47"), low: Self.number("44"),
                close: Self.number(close), resolutionMicroseconds: resolution, eventTime: Self.time,
                receivedMicroseconds: 5))
    }

    private static var mark: MarketEvent {
        .markPrice(
            MarkPrice(
                instrument: Self.book, mark: Self.number("61737.630"), index: Self.number("61730"),
                eventTime: Self.time,
                sentTime: Timestamp(microseconds: 1_700_000_000_000_001), receivedMicroseconds: 5))
    }

    /// A bar of the mark price, which was asked for as history.
    private static func markBar(_ high: String) -> MarkPrice {
        var bar = MarkPrice(
            instrument: Self.book, mark: Self.number("61737.63"), eventTime: Self.time, receivedMicroseconds: 5)
        (bar.open, bar.high, bar.low) = (Self.number("61700"), Self.number(high), Self.number("61699.5"))
        bar.resolutionMicroseconds = 60_000_000
        bar.isBackfilled = true
        return bar
    }

    /// Those that are dropped when there is no room.
    package static var logged: [MarketEvent] {
        [
            .fundingRate(
                FundingRate(
                    instrument: Self.book, rate: Self.number("-1.2e-5"), settledRate: Self.number("0.0001"),
                    intervalMicroseconds: 28_800_000_000, fundingTime: Timestamp(microseconds: 1_700_006_400_000_000),
                    eventTime: Self.time, receivedMicroseconds: 5)),
            Self.interest("1234"),
            .liquidation(
                Liquidation(
                    instrument: Self.book, id: FrameText(offset: 0, count: 2), position: .short,
                    price: Self.number("61737.5"), priceKind: .bankruptcy, size: Self.number("0.25"), isSampled: false,
                    eventTime: Self.time, receivedMicroseconds: 5)),
            Self.ratio(.topPosition), Self.ratio(.allAccount), Self.index("46"), .kline(Self.bar),
        ]
    }

    /// One of each type, with all that a venue may give.
    package static var full: [MarketEvent] { Self.logged + [Self.ratio(.topAccount), Self.mark] }

    /// What the messages of `full` say, by type.
    package static let bodies: [String: [String: String]] = [
        "mark_price": [
            "mark": "61737.63", "index": "61730", "venue_sent_us": "1700000000000001", "backfilled": "false",
        ],
        "funding_rate": [
            "rate": "-0.000012", "settled_rate": "0.0001", "accrual": "periodic", "interval_us": "28800000000",
            "funding_us": "1700006400000000", "event_us": "1700000000000000", "received_us": "5", "backfilled": "false",
        ],
        "open_interest": [
            "amount": "1234", "unit": "base", "base_amount": "12.5", "value_usd": "790000", "backfilled": "false",
        ],
        "liquidation": [
            "id": "77", "position": "short", "price": "61737.5", "price_kind": "bankruptcy", "size": "0.25",
            "unit": "base", "sampled": "false",
        ],
        "lsr_top_position": [
            "ratio": "1.5", "long": "0.6", "short": "0.4", "period_us": "300000000", "backfilled": "false",
        ],
        "lsr_top_account": [
            "ratio": "1.5", "long": "0.6", "short": "0.4", "period_us": "300000000", "backfilled": "false",
        ],
        "lsr_all_account": [
            "ratio": "1.5", "long": "0.6", "short": "0.4", "period_us": "300000000", "backfilled": "false",
        ],
        "volatility_index": [
            "open": "45", "high": "47", "low": "44", "close": "46", "resolution_us": "60000000", "backfilled": "false",
        ],
        "kline": [
            "interval": "1m", "open_us": "1700000000000000", "open": "61000.1", "high": "62000", "low": "60999.99",
            "close": "61737.63", "base_volume": "1234567890123456789.5", "quote_volume": "0",
            "contract_volume": "1000", "trade_count": "42", "closed": "true", "confirmed": "false",
            "backfilled": "false",
            "event_us": "1700000060000000",
        ],
    ]

    /// One of each type, without all that a venue may leave out.
    package static var bare: [MarketEvent] {
        [
            .markPrice(
                MarkPrice(instrument: Self.book, mark: .zero, eventTime: .none, receivedMicroseconds: 5)),
            .fundingRate(
                FundingRate(
                    instrument: Self.book, rate: .zero, accrual: .continuous, eventTime: .none, receivedMicroseconds: 5)
            ),
            .openInterest(
                OpenInterest(instrument: Self.book, amount: .zero, eventTime: .none, receivedMicroseconds: 5)),
            .liquidation(
                Liquidation(
                    instrument: Self.book, position: .long, price: .zero, priceKind: .trade, size: .zero,
                    isSampled: true,
                    eventTime: .none, receivedMicroseconds: 5)),
            .longShortRatio(
                LongShortRatio(
                    instrument: Self.book, kind: .allAccount, ratio: .zero, periodMicroseconds: 1, eventTime: .none,
                    receivedMicroseconds: 5)),
            .volatilityIndex(
                VolatilityIndex(instrument: Self.book, close: .zero, eventTime: .none, receivedMicroseconds: 5)),
            .kline(Self.bareBar),
        ]
    }

    private static var bareBar: Kline {
        var bar = Kline(instrument: Self.book, interval: .month1, openTime: Self.time, receivedMicroseconds: 5)
        (bar.open, bar.high, bar.low, bar.close) = (
            Self.place("0"), Self.place("0"), Self.place("0"), Self.place("0")
        )
        return bar
    }

    /// What is null in the messages of `bare`, by type.
    package static let bareFields: [String: Set<String>] = [
        "mark_price": ["event_us", "venue_sent_us", "index", "open", "high", "low", "resolution_us"],
        "funding_rate": ["event_us", "venue_sent_us", "settled_rate", "interval_us", "funding_us"],
        "open_interest": ["event_us", "venue_sent_us", "base_amount", "value_usd"],
        "liquidation": ["event_us", "venue_sent_us", "id"],
        "lsr_all_account": ["event_us", "venue_sent_us", "long", "short"],
        "volatility_index": ["event_us", "venue_sent_us", "open", "high", "low", "resolution_us"],
        "kline": ["event_us", "venue_sent_us", "base_volume", "quote_volume", "contract_volume", "trade_count"],
    ]

    /// Messages of one instrument and time that differ in one thing each.
    package static var variants: [MarketEvent] {
        var events = [
            .markPrice(Self.markBar("61800")), .markPrice(Self.markBar("61801")), Self.interest("1"),
            Self.interest("2"), Self.index("46"), Self.index("45"),
            Self.index("46", resolution: 1), Self.index("46", resolution: 0), Self.ratio(.topAccount),
            Self.ratio(.topAccount, "1.6"), .kline(Self.bar),
        ]
        var bar = Self.bar
        bar.isConfirmed = true
        events.append(.kline(bar))
        bar = Self.bar
        bar.isClosed = false
        events.append(.kline(bar))
        bar.eventTime = .none
        events.append(.kline(bar))
        bar.interval = .minute3
        events.append(.kline(bar))
        bar.tradeCount = 43
        events.append(.kline(bar))
        bar.baseVolume = .empty
        events.append(.kline(bar))
        (bar.open, bar.high) = (bar.high, bar.open)
        events.append(.kline(bar))
        return events
    }

    /// One of each type but for the two that are most often seen, without any time.
    package static var timeless: [MarketEvent] {
        Array(Self.bare.dropFirst(2).dropLast())
            + [
                .kline(
                    {
                        var bar = Self.bar
                        bar.openTime = .none
                        return bar
                    }())
            ]
    }
}
