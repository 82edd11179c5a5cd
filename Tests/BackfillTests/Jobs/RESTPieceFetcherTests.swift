import Backfill
import MarketModel
import Synchronization
import Testing
import Venues

@Suite("Pieces over REST")
struct RESTPieceFetcherTests {
    private static func row(_ id: Int, _ time: Int) -> String {
        #"{"id":\#(id),"price":"1.5","qty":"2","quoteQty":"3","time":\#(time),"isBuyerMaker":true}"#
    }

    @Test("Single trades of a range begin with the first of those that were put together at its start")
    func firstOfAggregate() async throws {
        let venue = Binance()
        let segment = try #require(VenueCatalog.segment(BinanceSegment.spot.id))
        let instrument = Instrument(
            venue: Binance.id, segment: "spot", market: .spot, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
            base: "BTC", quote: "USDT", contract: .spot, unit: .base)
        let start: Int64 = 1_790_812_800_000
        let fetcher = RESTPieceFetcher(wallMicroseconds: { 1_790_900_000_000_000 }) { request in
            // A trade put together of 10, 11 and 12; single ones from 10 on, the last behind the range.
            guard request.path.contains("fromId=10&") else {
                return Array(
                    #"[{"a":5,"p":"1.5","q":"6","f":10,"l":12,"T":\#(start),"m":true}]"#.utf8)
            }
            let rows = (10...12).map { Self.row($0, Int(start)) } + [Self.row(13, Int(start) + 1_000)]
            return Array("[\(rows.joined(separator: ","))]".utf8)
        }
        let piece = HistoryPiece(
            HistorySeries(segment.id, symbol: "BTCUSDT", kind: .trade), of: instrument,
            rangeMilliseconds: start..<(start + 1_000), source: .rest)
        let wanted = Wanted(types: [.trade], options: ["trade_stream": "trade"])
        var ids: [UInt64] = []
        try await fetcher.fetch(piece, venue, segment, wanted) { page in
            for case .trade(let trade) in page.rows { ids.append(trade.sequence) }
        }
        #expect(ids == [10, 11, 12])
    }

    @Test(
        "A request whose answer cannot be read is made again, a bounded number of times, without those before it",
        arguments: [(4, true), (5, false)])
    func unreadable(cut: Int, succeeds: Bool) async throws {
        let segment = try #require(VenueCatalog.segment(BinanceSegment.spot.id))
        let instrument = Instrument(
            venue: Binance.id, segment: "spot", market: .spot, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
            base: "BTC", quote: "USDT", contract: .spot, unit: .base)
        let start: Int64 = 1_790_812_800_000
        // A day of bars of a minute is two answers; the second is cut, or nothing at all, so often.
        let piece = HistoryPiece(
            HistorySeries(segment.id, symbol: "BTCUSDT", kind: .kline(.minute1)), of: instrument,
            rangeMilliseconds: start..<(start + 86_400_000), source: .rest)
        let paths = Mutex<[String]>([])
        let fetcher = RESTPieceFetcher(wallMicroseconds: { 1_790_900_000_000_000 }) { request in
            let isFirst = paths.withLock { paths in
                paths.append(request.path)
                return paths.count == 1
            }
            let time = request.path.firstMatch(of: /startTime=([0-9]+)/)?.output.1 ?? ""
            let text = #"[[\#(time),"1","2","1","2","10",\#(time),"15",3,"5","8","0"]]"#
            guard !isFirst, paths.withLock({ $0.count }) <= cut + 1 else { return Array(text.utf8) }
            return cut % 2 == 0 ? Array(text.utf8.prefix(20)) : []
        }
        var rows = 0
        do throws(PieceFailure) {
            try await fetcher.fetch(piece, Binance(), segment, Wanted(types: [.trade])) { rows += $0.rows.count }
            #expect(succeeds && rows == 2)
        } catch {
            #expect(!succeeds && error.kind == .unreadable && rows == 1)
        }
        let asked = paths.withLock { $0 }
        #expect(asked.count == 1 + 5 && Set(asked).count == 2)
    }

    @Test("What a venue serves over no request has failed for good, without one")
    func notServed() async throws {
        let segment = try #require(VenueCatalog.segment(BinanceSegment.coinm.id))
        let instrument = Instrument(
            venue: Binance.id, segment: "coinm", market: .perpetual, symbol: "BTC-USD", venueSymbol: "BTCUSD_PERP",
            base: "BTC", quote: "USD", contract: .inverse, unit: .contracts)
        let piece = HistoryPiece(
            HistorySeries(segment.id, symbol: "BTCUSD_PERP", kind: .bbo), of: instrument,
            rangeMilliseconds: 1_790_812_800_000..<1_790_899_200_000, source: .rest)
        let fetcher = RESTPieceFetcher { _ in
            Issue.record("it was asked")
            return []
        }
        let failure = await #expect(throws: PieceFailure.self) {
            try await fetcher.fetch(piece, Binance(), segment, Wanted(types: [.trade])) { _ in }
        }
        #expect(
            failure?.kind == .permanent && failure?.description.contains("no bbo of COIN-M futures over REST") == true)
    }
}
