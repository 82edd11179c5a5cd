import MarketModel
import Testing
import Venues

@Suite("What OKX serves of the past")
struct OKXPastTests {
    private static let now: Int64 = 1_785_000_000_000
    private static let venue = OKX(nowMilliseconds: { Self.now })

    private static func segment(_ segment: OKXSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(segment.id))
    }

    private static func offer(_ kind: HistoryKind, _ section: OKXSegment = .swap) throws -> HistoryOffer? {
        Self.venue.historyOffer(of: kind, in: try Self.segment(section), wanted: Wanted(types: [kind.type]))
    }

    private static func request(
        _ kind: HistoryKind, _ from: Int64, _ to: Int64, _ section: OKXSegment = .swap
    ) throws -> HistoryRequest? {
        Self.venue.historyRequest(
            of: kind, symbol: "BTC-USDT-SWAP", fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(section)
        )
    }

    // MARK: Offers

    @Test("Each endpoint gives its rows, as far back as it keeps them, from a budget of its own")
    func offers() throws {
        let quarter: Int64 = 90 * 86_400_000
        #expect(
            try Self.offer(.trade, .spot)
                == HistoryOffer(retentionMilliseconds: quarter, rowsMost: 100, costs: [.init("history-trades", 1)]))
        #expect(try Self.offer(.kline(.minute1)) == HistoryOffer(rowsMost: 300, costs: [.init("history-candles", 1)]))
        #expect(try Self.offer(.kline(.second1))?.retentionMilliseconds == quarter)
        #expect(
            try Self.offer(.fundingRate)
                == HistoryOffer(
                    retentionMilliseconds: quarter, rowsMost: 400, spanMostMilliseconds: 399 * 3_600_000,
                    costs: [.init("funding-rate-history", 1)]))
        #expect(
            try Self.offer(.openInterest(.minute5))
                == HistoryOffer(
                    retentionMilliseconds: 5 * 86_400_000, rowsMost: 100, costs: [.init("open-interest-history", 1)]))
        let ratio = try #require(try Self.offer(.ratio(.topPosition, period: .day1)))
        #expect(
            ratio.retentionMilliseconds == 1_440 * 86_400_000 && ratio.costs == [.init("long-short-top-positions", 1)])
        #expect(
            try Self.offer(.markPrice(.hour4))
                == HistoryOffer(rowsMost: 100, costs: [.init("history-mark-price-candles", 1)]))
        let scopes = Self.venue.scopes(limits: VenueLimits(Self.venue.limits))
        for kind in [
            HistoryKind.trade, .kline(.minute1), .fundingRate, .openInterest(.minute5), .markPrice(.minute1),
            .ratio(.allAccount, period: .minute5), .ratio(.topAccount, period: .minute5),
        ] {
            let offer = try #require(try Self.offer(kind))
            #expect(offer.costs.allSatisfy { scopes[$0.scope] != nil }, "\(kind)")
        }
    }

    @Test(
        "What the venue has not is not offered, and not asked for",
        arguments: [
            (HistoryKind.kline(.hour8), OKXSegment.swap), (.markPrice(.second1), .swap), (.markPrice(.month1), .swap),
            (.markPrice(.minute1), .spot), (.fundingRate, .spot), (.openInterest(.minute1), .swap),
            (.openInterest(.minute5), .spot), (.ratio(.allAccount, period: .minute5), .spot),
            (.volatilityIndex(.minute1), .swap),
        ])
    func refused(_ kind: HistoryKind, _ section: OKXSegment) throws {
        #expect(try Self.offer(kind, section) == nil && Self.request(kind, 300_000, 300_001, section) == nil)
    }

    // MARK: Requests

    @Test("Both bounds of bars and rates are left out by the venue, and so lie beside the range")
    func exclusive() throws {
        let bars = try #require(try Self.request(.kline(.minute1), 60_000, 300 * 60_000 + 59_999))
        #expect(
            bars.request.path
                == "/api/v5/market/history-candles?instId=BTC-USDT-SWAP&bar=1m&after=18060000&before=59999&limit=300")
        #expect(bars.question == .klines(.minute1, missed: 0...Int64.max))
        let marks = try #require(try Self.request(.markPrice(.hour6), 1_000, 2_000))
        #expect(
            marks.request.path
                == "/api/v5/market/history-mark-price-candles?instId=BTC-USDT-SWAP&bar=6Hutc&after=2001&before=999&limit=100"
        )
        #expect(marks.question == .markPriceBars(.hour6))
        let recent = try #require(try Self.request(.markPrice(.minute1), Self.now - 60_000, Self.now))
        #expect(recent.request.path.hasPrefix("/api/v5/market/mark-price-candles?"))
        #expect(recent.request.costs == [.init("mark-price-candles", 1)])
        let rates = try #require(try Self.request(.fundingRate, 1_000, 2_000))
        #expect(rates.request.path.contains("&after=2001&before=999&limit=400") && rates.question == .fundingHistory)
    }

    @Test(
        "Statistics are asked for between their periods: whether bounds are part of the range makes no difference",
        arguments: [
            (Int64(600_000), Int64(1_200_000), 599_999, 1_200_001), (600_001, 1_199_999, 899_999, 900_001),
            (300_000, 300_000, 299_999, 300_001),
        ])
    func statistics(_ from: Int64, _ to: Int64, _ begin: Int, _ end: Int) throws {
        let interest = try #require(try Self.request(.openInterest(.minute5), from, to))
        #expect(
            interest.request.path
                == "/api/v5/rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP&period=5m&begin=\(begin)&end=\(end)&limit=100"
        )
        #expect(interest.question == .openInterestHistory(.minute5))
        let ratio = try #require(try Self.request(.ratio(.topAccount, period: .hour1), from, to))
        #expect(
            ratio.request.path
                == "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract-top-trader?instId=BTC-USDT-SWAP&period=1H&begin=\(begin)&end=\(end)&limit=100"
        )
        #expect(ratio.question == .ratio(.topAccount, period: .hour1))
        #expect(ratio.request.costs == [.init("long-short-top-accounts", 1)])
    }

    @Test("A range that no answer holds is not asked for")
    func tooLong() throws {
        let minute: Int64 = 60_000
        for (kind, most) in [
            (HistoryKind.kline(.minute1), 300 * minute), (.markPrice(.minute1), 100 * minute),
            (.openInterest(.minute5), 500 * minute), (.ratio(.allAccount, period: .minute5), 500 * minute),
            (.fundingRate, 399 * 60 * minute + 1),
        ] {
            #expect(try Self.request(kind, 300_000, 300_000 + most - 1) != nil, "\(kind)")
            #expect(try Self.request(kind, 300_000, 300_000 + most) == nil, "\(kind)")
            #expect(try Self.request(kind, 2, 1) == nil && Self.request(kind, 0, 1) == nil)
            #expect(try Self.request(kind, .min, .max) == nil && Self.request(kind, .max, .max) == nil)
        }
        #expect(try Self.request(.trade, 1, 2) == nil)
    }

    @Test("By time trades are found backwards: the last before it")
    func search() throws {
        func search(_ time: Int64) throws -> TradeSearchRequest? {
            Self.venue.tradeSearchRequest(
                of: "BTC-USDT", atMilliseconds: time, in: try Self.segment(.spot), wanted: Wanted(types: [.trade]))
        }
        let found = try #require(try search(Self.now))
        #expect(
            found.request.path == "/api/v5/market/history-trades?instId=BTC-USDT&type=2&after=\(Self.now)&limit=1")
        #expect(found.tells == .lastBefore && found.endMilliseconds == nil)
        #expect(found.request.costs == [.init("history-trades", 1)])
        #expect(try search(0) == nil && search(.max) == nil)
    }

    // MARK: Answers

    @Test("Open interest counts contracts, the base asset and dollars, oldest first")
    func openInterest() throws {
        func interest(_ text: String) throws -> [OpenInterest] {
            var rig = OKXRig(.swap, ["open-interest:SOL-USDT-SWAP"])
            try rig.answer(text, to: .openInterestHistory(.minute5))
            return rig.events.compactMap { if case .openInterest(let interest) = $0 { interest } else { nil } }
        }
        let text =
            #"{"code":"0","data":[["1785000600000","690.5","6905","1182136.87"],["1785000300000","700","","1.12345678901234567890"]],"msg":""}"#
        let rows = try interest(text)
        #expect(rows.map(\.amount.text) == ["700", "690.5"] && rows.map(\.baseAmount.text) == [nil, "6905"])
        #expect(rows.map(\.valueUSD.text) == [nil, "1182136.87"], "what no number holds is left out")
        #expect(rows.map(\.eventTime.microseconds) == [1_785_000_300_000_000, 1_785_000_600_000_000])
        for (part, other, label) in [
            ("1785000300000", "1785000600000", "mismatch"), ("\"700\"", "\"\"", "missing_field"),
            ("\"1785000300000\"", "\"x\"", "missing_field"),
            (#"["1785000300000","700","","1.12345678901234567890"]"#, #"["1785000300000"]"#, "missing_field"),
            ("]],", "],", "json"),
        ] {
            #expect { try interest(text.replacing(part, with: other)) } throws: {
                ($0 as? FrameRefusal)?.label == label
            }
        }
    }

    @Test("Bars of the mark price are read exactly, those that are final, oldest first")
    func markPrice() throws {
        func bars(_ text: String, _ interval: KlineInterval = .minute1) throws -> [MarkPrice] {
            var rig = OKXRig(.swap, ["mark-price:SOL-USDT-SWAP"])
            try rig.answer(text, to: .markPriceBars(interval))
            return rig.events.compactMap { if case .markPrice(let price) = $0 { price } else { nil } }
        }
        let text =
            #"{"code":"0","msg":"","data":[["1785000120000","3","3","3","3","0"],["1785000060000","2.5","2.70","2.4","2.6","1"],["1785000000000","1.5","1.7","1.4","1.6","1"]]}"#
        let rows = try bars(text)
        #expect(rows.map(\.eventTime.microseconds) == [1_785_000_000_000_000, 1_785_000_060_000_000])
        #expect(rows.map(\.open.text) == ["1.5", "2.5"] && rows.map(\.high.text) == ["1.7", "2.7"])
        #expect(rows.map(\.low.text) == ["1.4", "2.4"] && rows.map(\.mark.text) == ["1.6", "2.6"])
        #expect(rows.allSatisfy { $0.resolutionMicroseconds == 60_000_000 && !$0.index.isGiven })
        for (part, other, label) in [
            ("1785000000000", "1785000060000", "mismatch"), (#""1.6","1""#, #""1.6","2""#, "missing_field"),
            (#","1.6","1""#, #","1.6""#, "missing_field"), (#""1.4""#, #""""#, "missing_field"),
        ] {
            #expect { try bars(text.replacing(part, with: other)) } throws: { ($0 as? FrameRefusal)?.label == label }
        }
        #expect { try bars(text, .month1) } throws: { ($0 as? FrameRefusal)?.label == "missing_field" }
    }
}
