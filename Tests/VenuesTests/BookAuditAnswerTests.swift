import MarketModel
import Resilience
import Testing

@testable import Venues

@Suite("Whole books that live ones are compared with")
struct BookAuditAnswerTests {
    private static func segment(_ id: SegmentID) throws -> VenueSegment { try #require(VenueCatalog.segment(id)) }

    @Test("Binance is asked as for a snapshot, and for a number of levels that it serves")
    func binanceRequest() throws {
        let (spot, usdm) = (try Self.segment(BinanceSegment.spot.id), try Self.segment(BinanceSegment.usdm.id))
        let first = try #require(Binance().auditRequest(of: "BTCUSDT", levels: 700, in: spot))
        #expect(first.levels == 700 && first.request == Binance().snapshotRequest(of: "BTCUSDT", levels: 700, in: spot))
        let second = try #require(Binance().auditRequest(of: "BTCUSDT", levels: 700, in: usdm))
        #expect(second.levels == 1_000 && second.request.path.contains("limit=1000"))
        #expect(second.request.costs == [.init("futures", 20)])
    }

    @Test("OKX is asked for the window of its stream at most, on a budget of its own")
    func okxRequest() throws {
        let venue = OKX(nowMilliseconds: { 0 })
        for segment in OKXSegment.allCases {
            let asked = try #require(
                venue.auditRequest(of: "BTC-USDT", levels: 1_000, in: try Self.segment(segment.id)))
            #expect(asked.levels == 400 && asked.request.costs == [.init("books", 1)])
            #expect(asked.request.path == "/api/v5/market/books?instId=BTC-USDT&sz=400")
        }
        let few = try #require(venue.auditRequest(of: "X", levels: 10, in: try Self.segment(OKXSegment.spot.id)))
        #expect(few.levels == 10 && few.request.path.hasSuffix("sz=10"))
        // 40 requests in two seconds, of which four fifths are used.
        let scope = try #require(venue.scopes(limits: VenueLimits(venue.limits))["books"])
        #expect(scope.windows.first?.limit == 32)
    }

    @Test(
        "Deribit is asked for a depth that it serves",
        arguments: [(1, 1), (700, 1_000), (1_001, 10_000), (.max, 10_000)])
    func deribitRequest(_ levels: Int, _ depth: Int) throws {
        let segment = try Self.segment(DeribitSegment.option.id)
        let asked = try #require(Deribit().auditRequest(of: "BTC-25DEC26-100000-C", levels: levels, in: segment))
        #expect(asked.levels == depth && asked.request.costs == [.init("requests", 500)])
        #expect(
            asked.request.path
                == "/api/v2/public/get_order_book?instrument_name=BTC-25DEC26-100000-C&depth=\(depth)")
        let index = try Self.segment(DeribitSegment.index.id)
        #expect(Deribit().auditRequest(of: "btc_usd", levels: 1, in: index) == nil)
    }

    // MARK: - Answers

    private static func update(_ events: [MarketEvent]) throws -> DepthUpdate {
        guard events.count == 1, case .depth(let update) = events[0] else {
            throw FrameRefusal.missingField
        }
        return update
    }

    @Test("Binance's answer is a book to compare with, and never starts one")
    func binance() throws {
        var frames = BinanceFrames(.spot, ["btcusdt@depth@100ms"])
        let text = #"{"lastUpdateId":77,"bids":[["1.5","2"]],"asks":[["1.6","3"],["1.7","1"]]}"#
        let update = try Self.update(try frames.decodeAnswer(text, to: .bookAudit, of: 0).events)
        #expect(update.kind == .audit && update.last == 77 && update.bids.count == 1 && update.asks.count == 2)
    }

    @Test("OKX's answer has the id of the stream and rows as the stream has them")
    func okx() throws {
        var rig = OKXRig(.swap, ["books:SOL-USDT-SWAP"])
        let text =
            #"{"code":"0","msg":"","data":[{"asks":[["171.21","350","0","9"]],"#
            + #""bids":[["171.2","122.4","0","4"],["171","1","0","1"]],"ts":"1785000000101","seqId":880010}]}"#
        try rig.answer(text, to: .bookAudit)
        let update = try Self.update(rig.events)
        #expect(update.kind == .audit && update.last == 880_010)
        #expect(update.eventTime.microseconds == 1_785_000_000_101_000)
        #expect(rig.levels(update.bids) == [Level(price: 17_120, size: 1_224), Level(price: 17_100, size: 10)])
        #expect(rig.levels(update.asks) == [Level(price: 17_121, size: 3_500)])
    }

    @Test(
        "An answer of OKX that is no book is refused",
        arguments: [
            #"{"code":"0","msg":"","data":[]}"#, #"{"code":"51001","msg":"x","data":[]}"#,
            #"{"code":"0","data":[{"asks":[],"bids":[],"ts":"1785000000101"}]}"#,
            #"{"code":"0","data":[{"asks":[],"bids":[],"ts":"1785000000101","seqId":-1}]}"#,
            #"{"code":"0","data":[{"asks":[],"ts":"1785000000101","seqId":1}]}"#,
            #"{"code":"0","data":[{"asks":[],"bids":[],"seqId":1}]}"#,
            #"{"code":"0","data":[{"asks":[],"bids":[],"ts":"1","seqId":1},{"asks":[],"bids":[],"ts":"1","seqId":1}]}"#,
        ])
    func okxRefused(_ text: String) {
        var rig = OKXRig(.swap, ["books:SOL-USDT-SWAP"])
        #expect(throws: FrameRefusal.self) { try rig.answer(text, to: .bookAudit) }
    }

    private static let deribit =
        #"{"jsonrpc":"2.0","result":{"timestamp":1785000000150,"stats":{"volume":1.5},"state":"open","#
        + #""instrument_name":"BTC-PERPETUAL","change_id":70010019,"bids":[[84210.5,25340.0],[84209.1234567,0.1]],"#
        + #""asks":[[1.2e5,91000]],"best_bid_price":84210.5},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}"#

    @Test("Deribit's answer is read exactly, with its id")
    func deribit() throws {
        let rig = try DeribitRig(["book.BTC-PERPETUAL.100ms"])
        let decoded = try rig.answer(Self.deribit, to: .bookAudit)
        let update = try Self.update(decoded.events)
        #expect(update.kind == .audit && update.last == 70_010_019)
        #expect(
            decoded.levels == [
                Level(price: 842_105_000_000, size: 253_400), Level(price: 842_091_234_567, size: 1),
                Level(price: 1_200_000_000_000, size: 910_000),
            ])
    }

    @Test("An answer of Deribit about another instrument, or that is no book, is refused")
    func deribitRefused() throws {
        let rig = try DeribitRig(["book.ETH-PERPETUAL.100ms", "ticker.BTC-PERPETUAL.100ms"])
        #expect(throws: FrameRefusal.self) { try rig.answer(Self.deribit, to: .bookAudit) }
        let right = try DeribitRig(["book.BTC-PERPETUAL.100ms"])
        for (whole, broken) in [
            (#""change_id":70010019,"#, ""), (#""instrument_name":"BTC-PERPETUAL","#, ""), (#""result""#, #""error""#),
            ("[84210.5,25340.0]", #"["new",84210.5,25340.0]"#), ("[84210.5,25340.0]", "[84210.5]"), (",0.1]", ",-0.1]"),
            (#""asks":[[1.2e5,91000]],"#, ""),
        ] {
            #expect(throws: FrameRefusal.self, "\(broken)") {
                try right.answer(Self.deribit.replacing(whole, with: broken), to: .bookAudit)
            }
        }
    }
}
