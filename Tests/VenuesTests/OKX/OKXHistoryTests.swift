import MarketModel
import Testing
import Venues

@Suite("What OKX is asked for later")
struct OKXHistoryTests {
    private static let venue = OKX(nowMilliseconds: { 1_785_000_000_000 })

    private static func segment(_ segment: OKXSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(segment.id))
    }

    // MARK: Requests

    @Test("Pages of trades go forward between both bounds, which are left out")
    func trades() throws {
        func request(_ ids: ClosedRange<UInt64>) throws -> VenueTradeRequest? {
            Self.venue.tradeRequest(
                of: "BTC-USDT", ids: ids, in: try Self.segment(.spot), wanted: Wanted(types: [.trade]))
        }
        let page = try #require(try request(500...10_000))
        #expect(page.ids == 500...599)
        #expect(
            page.request.path == "/api/v5/market/history-trades?instId=BTC-USDT&type=1&after=600&before=499&limit=100")
        #expect(page.request.costs == [.init("history-trades", 1)])
        let few = try #require(try request(500...500))
        #expect(few.ids == 500...500 && few.request.path.contains("after=501&before=499"))
        let first = try #require(try request(0...5))
        #expect(first.request.path.contains("&after=6&limit=100") && !first.request.path.contains("before"))
        #expect(try request(0...UInt64.max) == nil)
        #expect(try request(1...999_999_999_999_999_998)?.ids == 1...100)
    }

    @Test("Charged rates are asked for by time, of swaps alone")
    func funding() throws {
        func request(_ section: OKXSegment, _ from: Int64, _ to: Int64) throws -> VenueRequest? {
            Self.venue.fundingRequest(
                of: "BTC-USDT-SWAP", fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(section))
        }
        let swap = try #require(try request(.swap, 1_000, 2_000))
        #expect(
            swap.path
                == "/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&after=2001&before=999&limit=400")
        #expect(swap.costs == [.init("funding-rate-history", 1)])
        #expect(try request(.spot, 1_000, 2_000) == nil && request(.swap, 2, 1) == nil)
        #expect(try request(.swap, 0, 1) == nil && request(.swap, 1, .max) == nil)
    }

    // MARK: Trades

    private static let rows =
        #"{"code":"0","msg":"","data":[{"instId":"SOL-USDT-SWAP","side":"sell","sz":"0.5","source":"0","px":"171.25","tradeId":"242720722","ts":"1785000000311"},{"instId":"SOL-USDT-SWAP","side":"buy","sz":"12","source":"0","px":"171.2","tradeId":"242720720","ts":"1785000000300"}]}"#

    private static func trades(_ text: String) throws -> [Trade] {
        var rig = OKXRig(.swap, ["trades:SOL-USDT-SWAP", "trades:BTC-USDT-SWAP"])
        try rig.answer(text, to: .trades)
        return rig.events.compactMap { event in if case .trade(let trade) = event { trade } else { nil } }
    }

    @Test("Trades come newest first and are told oldest first, exactly, as backfilled")
    func decoded() throws {
        let trades = try Self.trades(Self.rows)
        #expect(trades.map(\.sequence) == [242_720_720, 242_720_722])
        #expect(trades.map(\.firstSequence) == trades.map(\.sequence) && trades.allSatisfy { !$0.isAggregate })
        #expect(trades.map(\.price) == [17_120, 17_125] && trades.map(\.size) == [120, 5])
        #expect(trades.map(\.aggressor) == [.buy, .sell] && trades.allSatisfy(\.isBackfilled))
        #expect(trades.map(\.eventTime.microseconds) == [1_785_000_000_300_000, 1_785_000_000_311_000])
        #expect(
            trades.map {
                String(
                    decoding: Array(Self.rows.utf8)[Int($0.id.offset)..<Int($0.id.offset + $0.id.count)], as: UTF8.self)
            } == ["242720720", "242720722"])
        #expect(try Self.trades(#"{"code":"0","msg":"","data":[]}"#).isEmpty)
    }

    @Test(
        "An answer of another instrument, in another order or without a part is refused",
        arguments: [
            (#"[{"instId":"SOL-USDT-SWAP""#, #"[{"instId":"BTC-USDT-SWAP""#, "mismatch"),
            (#"[{"instId":"SOL-USDT-SWAP""#, #"[{"instId":"NEW-USDT-SWAP""#, "mismatch"),
            (#"[{"instId":"SOL-USDT-SWAP","#, "[{", "missing_field"),
            ("242720722", "242720720", "mismatch"), ("242720722", "242720719", "mismatch"),
            (#""242720722""#, #""x""#, "missing_field"), (#""px":"171.25","#, "", "missing_field"),
            (#""px":"171.25""#, #""px":"""#, "missing_field"), (#""sz":"0.5""#, #""sz":"-0.5""#, "missing_field"),
            (#""side":"sell""#, #""side":"both""#, "missing_field"), (#""ts":"1785000000311""#, #""ts":"""#, "json"),
            (#""code":"0""#, #""code":"51001""#, "json"), ("}]}", "}]", "json"),
        ])
    func refused(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.rows.contains(part))
        #expect { try Self.trades(Self.rows.replacing(part, with: other)) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test("More trades than a frame may bring are refused")
    func bounded() {
        let rows = (0...EventBatch.limit).reversed().map {
            #"{"instId":"SOL-USDT-SWAP","side":"buy","sz":"1","px":"1","tradeId":"\#($0)","ts":"1785000000300"}"#
        }
        #expect { try Self.trades(#"{"code":"0","data":["# + rows.joined(separator: ",") + "]}") } throws: {
            ($0 as? FrameRefusal)?.label == "too_large"
        }
    }

    // MARK: Funding

    private static let rates =
        #"{"code":"0","msg":"","data":[{"formulaType":"noRate","fundingRate":"0.0000227985782722","fundingTime":"1784995200000","instId":"SOL-USDT-SWAP","instType":"SWAP","method":"current_period","realizedRate":"0.0000227985782720"},{"fundingRate":"-0.0002","fundingTime":"1784966400000","instId":"SOL-USDT-SWAP","realizedRate":"-0.00019"}]}"#

    private static func rates(_ text: String) throws -> [FundingRate] {
        var rig = OKXRig(.swap, ["funding-rate:SOL-USDT-SWAP", "funding-rate:BTC-USDT-SWAP"])
        try rig.answer(text, to: .fundingHistory)
        return rig.events.compactMap { event in if case .fundingRate(let rate) = event { rate } else { nil } }
    }

    @Test("The rate is the one that was charged, not the one predicted, and comes oldest first")
    func charged() throws {
        let rates = try Self.rates(Self.rates)
        #expect(rates.map(\.rate.text) == ["-0.00019", "0.000022798578272"])
        #expect(rates.map(\.settledRate) == rates.map(\.rate))
        #expect(rates.map(\.fundingTime.microseconds) == [1_784_966_400_000_000, 1_784_995_200_000_000])
        #expect(rates.allSatisfy { $0.isBackfilled && $0.eventTime == $0.fundingTime && $0.accrual == .periodic })
    }

    @Test(
        "Charged rates of another instrument, in another order or without a part are refused",
        arguments: [
            (#""instId":"SOL-USDT-SWAP","instType""#, #""instId":"BTC-USDT-SWAP","instType""#, "mismatch"),
            ("1784995200000", "1784966400000", "mismatch"), (#","realizedRate":"-0.00019""#, "", "missing_field"),
            (#""realizedRate":"-0.00019""#, #""realizedRate":"""#, "missing_field"),
            (#""fundingTime":"1784995200000","#, "", "missing_field"), ("-0.00019", "0.x", "missing_field"),
        ])
    func refusedRates(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.rates.contains(part))
        #expect { try Self.rates(Self.rates.replacing(part, with: other)) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    // MARK: Bars

    @Test("Bars that ended in the hole are backfilled, those before and after are confirmed alone")
    func missedBars() throws {
        let rows = (0..<4).reversed().map { #"["\#($0 * 60_000)","1","2","0.5","1.5","10","20","30","1"]"# }
        var rig = OKXRig(.spot, ["candle1m:SOL-USDT"])
        try rig.answer(
            #"{"code":"0","data":[\#(rows.joined(separator: ","))]}"#,
            to: .klines(.minute1, missed: 60_000_001...180_000_000))
        let flags = rig.events.compactMap { event in if case .kline(let bar) = event { bar.isBackfilled } else { nil } }
        #expect(flags == [false, true, true, false])
    }
}
