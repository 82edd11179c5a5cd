import Backfill
import MarketModel
import Synchronization
import Testing
import Venues

/// Pieces of trades, against answers that are made of a list of them.
@Suite("Pieces of trades by id")
struct TradePieceTests {
    static let start: Int64 = 1_790_812_800_000
    static let end: Int64 = Self.start + 86_400_000

    struct Row: Sendable {
        var id: UInt64
        var time: Int64
    }

    /// What came of a piece.
    struct Outcome {
        var ids: [UInt64] = []
        var failure: PieceFailure?
        var paths: [String] = []
    }

    static func instrument(_ segment: SegmentID, _ symbol: String, listed: Int64? = nil) -> Instrument {
        var instrument = Instrument(
            venue: segment.venue, segment: segment.name, market: .spot, symbol: "BTC-USDT", venueSymbol: symbol,
            base: "BTC", quote: "USDT", contract: .spot, unit: .base)
        instrument.listedMicroseconds = listed.map { $0 * 1_000 }
        return instrument
    }

    static func fetch(
        _ section: SegmentID, _ symbol: String, listed: Int64? = nil, now: Int64 = Self.end + 3_600_000,
        _ answer: @escaping @Sendable (String) -> String
    ) async throws -> Outcome {
        let venue = try #require(VenueCatalog.venue(section.venue))
        let segment = try #require(VenueCatalog.segment(section))
        let paths = Mutex<[String]>([])
        let fetcher = RESTPieceFetcher(wallMicroseconds: { now * 1_000 }) { request in
            paths.withLock { $0.append(request.path) }
            return Array(answer(request.path).utf8)
        }
        let piece = HistoryPiece(
            HistorySeries(section, symbol: symbol, kind: .trade),
            of: Self.instrument(section, symbol, listed: listed), rangeMilliseconds: Self.start..<Self.end,
            source: .rest)
        var outcome = Outcome()
        do throws(PieceFailure) {
            try await fetcher.fetch(
                piece, venue, segment, Wanted(types: [.trade], options: ["trade_stream": "trade"])
            ) { page in
                for case .trade(let trade) in page.rows { outcome.ids.append(trade.sequence) }
            }
        } catch {
            outcome.failure = error
        }
        outcome.paths = paths.withLock { $0 }
        return outcome
    }

    static func number(_ name: String, in path: String) -> Int64? {
        let query = path.split(separator: "?").last ?? ""
        return query.split(separator: "&").first { $0.hasPrefix("\(name)=") }.flatMap {
            Int64($0.dropFirst(name.count + 1))
        }
    }

    // MARK: - OKX

    /// Answers as OKX does, without the ids that are left out of pages.
    static func okx(_ rows: [Row], hiding hidden: ClosedRange<UInt64>? = nil) -> @Sendable (String) -> String {
        { path in
            let after = Self.number("after", in: path) ?? .max
            let found: [Row]
            if Self.number("type", in: path) == 2 {
                found = rows.filter { $0.time < after }.suffix(1)
            } else {
                let before = Self.number("before", in: path) ?? -1
                found = rows.filter {
                    Int64($0.id) < after && Int64($0.id) > before && !(hidden?.contains($0.id) ?? false)
                }
            }
            let texts = found.reversed().map {
                #"{"instId":"BTC-USDT","side":"sell","sz":"1","source":"0","px":"2","tradeId":"\#($0.id)","ts":"\#($0.time)"}"#
            }
            return #"{"code":"0","msg":"","data":[\#(texts.joined(separator: ","))]}"#
        }
    }

    @Test("Where nothing lies before the start, the ids begin with 1 only for an instrument that was listed no earlier")
    func firstOfAll() async throws {
        let rows = (1...3).map { Row(id: $0, time: Self.start + Int64($0)) }
        let day: Int64 = 86_400_000
        let whole = try await Self.fetch(
            OKXSegment.spot.id, "BTC-USDT", listed: Self.start - day, Self.okx(rows))
        #expect(whole.ids == [1, 2, 3] && whole.failure == nil)
        for listed in [nil, Self.start - day - 1] {
            let outcome = try await Self.fetch(OKXSegment.spot.id, "BTC-USDT", listed: listed, Self.okx(rows))
            #expect(outcome.failure?.kind == .permanent && outcome.ids.isEmpty)
            #expect(
                outcome.failure?.description
                    == "OKX serves no trade before 2026-10-01T00:00:00Z: where the range's ids begin is not known")
        }
    }

    @Test("An instrument that was listed and never traded has no trades, which is done")
    func neverTraded() async throws {
        let outcome = try await Self.fetch(OKXSegment.spot.id, "BTC-USDT", listed: Self.start, Self.okx([]))
        #expect(outcome.failure == nil && outcome.ids.isEmpty)
    }

    @Test("An empty page ends OKX's trades only where the last before the end was served")
    func emptyPage() async throws {
        let rows = (600...950).map { Row(id: $0, time: Self.start - 100 + Int64($0 - 600)) }
        let whole = try await Self.fetch(OKXSegment.spot.id, "BTC-USDT", Self.okx(rows))
        #expect(whole.failure == nil && whole.ids == Array(700...950))
        let cut = try await Self.fetch(OKXSegment.spot.id, "BTC-USDT", Self.okx(rows, hiding: 800...950))
        #expect(cut.failure?.kind == .temporary && cut.ids == Array(700...799))
        #expect(cut.failure?.description == "OKX gave no trade from id 800 on, and has them up to 950")
    }

    // MARK: - Binance

    /// Answers as Binance's spot does: at most so many rows from an id on.
    static func binance(_ rows: [Row]) -> @Sendable (String) -> String {
        { path in
            guard let from = Self.number("fromId", in: path) else {
                let first = rows.first { $0.time >= Self.start }
                return first.map {
                    #"[{"a":5,"p":"1.5","q":"6","f":\#($0.id),"l":\#($0.id),"T":\#($0.time),"m":true}]"#
                } ?? "[]"
            }
            let found = rows.filter { Int64($0.id) >= from }.prefix(Int(Self.number("limit", in: path) ?? 500))
            let texts = found.map {
                #"{"id":\#($0.id),"price":"1.5","qty":"2","quoteQty":"3","time":\#($0.time),"isBuyerMaker":true}"#
            }
            return "[\(texts.joined(separator: ","))]"
        }
    }

    @Test("Where Binance's ids jump, the next request is for the first behind the gap")
    func jump() async throws {
        let rows = [10, 1_000_000_000, 1_000_000_001].map { Row(id: $0, time: Self.start + Int64($0 % 1_000)) }
        let outcome = try await Self.fetch(BinanceSegment.spot.id, "BTCUSDT", Self.binance(rows))
        #expect(outcome.failure == nil && outcome.ids == [10, 1_000_000_000, 1_000_000_001])
        // The search, the first page, what stands behind it, the page behind the gap and the end.
        #expect(outcome.paths.count == 5)
    }

    @Test("Answers that go on without a trade of the range are a failure, not its end")
    func emptyPages() async throws {
        // The search finds an id far below those of the range.
        let outcome = try await Self.fetch(BinanceSegment.spot.id, "BTCUSDT") { path in
            guard let from = Self.number("fromId", in: path) else {
                return #"[{"a":5,"p":"1.5","q":"6","f":10,"l":12,"T":\#(Self.start),"m":true}]"#
            }
            return
                #"[{"id":\#(from),"price":"1.5","qty":"2","quoteQty":"3","time":\#(Self.start - 1),"isBuyerMaker":true}]"#
        }
        #expect(outcome.failure?.kind == .permanent && outcome.paths.count == 51)
        #expect(
            outcome.failure?.description
                == "Binance gave 50 answers up to id 50010 without a trade of the range")
    }
}
