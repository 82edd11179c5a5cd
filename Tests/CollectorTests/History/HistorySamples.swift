import Backfill
import Foundation
import MarketModel
import Venues

@testable import Collector

/// Instruments, pieces and pages of the past.
enum HistorySamples {
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 24 * Self.hour
    /// 2026-11-20, midnight UTC.
    static let midnight: Int64 = 1_795_132_800_000

    static let instrument = Instrument(
        venue: VenueID("binance"), segment: "usdm", market: .perpetual, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
        base: "BTC", quote: "USDT", contract: .linear, unit: .base)

    static func piece(
        _ kind: HistoryKind = .trade, _ range: Range<Int64> = Self.midnight..<Self.midnight + Self.day,
        begun: Int64? = nil
    ) -> HistoryPiece {
        var piece = HistoryPiece(
            HistorySeries(SegmentID(VenueID("binance"), "usdm"), symbol: "BTCUSDT", kind: kind),
            of: Self.instrument, rangeMilliseconds: range, source: .rest)
        piece.begunMicroseconds = begun
        return piece
    }

    /// A page of trades whose ids and sizes count, one a step from a time on.
    static func trades(_ ids: ClosedRange<UInt64>, from start: Int64 = Self.midnight, step: Int64 = 1_000)
        -> HistoryPage
    {
        var bytes: [UInt8] = []
        var rows: [HistoryRow] = []
        for (index, id) in ids.enumerated() {
            let text = Array("\(id)".utf8)
            rows.append(
                .trade(
                    Trade(
                        instrument: InstrumentID(0), id: FrameText(offset: bytes.count, count: text.count),
                        sequence: id, price: 6_173_763, size: Int64(id % 1_000) + 1,
                        aggressor: id % 2 == 0 ? .buy : .sell,
                        isAggregate: true, eventTime: Timestamp(milliseconds: start + Int64(index) * step),
                        sentTime: .none, receivedMicroseconds: 5)))
            bytes += text
        }
        return HistoryPage(
            bytes: bytes, rows: rows, scales: DecimalScales(price: 2, size: 3),
            receivedMicroseconds: 1_795_300_000_000_000)
    }

    /// One row of each kind but trades, at a time, with the kind it is of.
    static func rows(at milliseconds: Int64) -> [(kind: HistoryKind, page: HistoryPage)] {
        let time = Timestamp(milliseconds: milliseconds)
        let id = InstrumentID(0)
        func number(_ text: String) -> DecimalValue { DecimalValue(text) ?? .none }
        var bar = Kline(instrument: id, interval: .minute1, openTime: time, receivedMicroseconds: 5)
        let texts = ["61000.10", "62000", "60999.99000", "61737.63", "1234567890123456789.50", "0"]
        var bytes: [UInt8] = []
        let places = texts.map { text in
            defer { bytes += Array(text.utf8) }
            return FrameText(offset: bytes.count, count: text.utf8.count)
        }
        (bar.open, bar.high, bar.low, bar.close) = (places[0], places[1], places[2], places[3])
        (bar.baseVolume, bar.quoteVolume) = (places[4], places[5])
        bar.tradeCount = 42
        bar.isClosed = true
        var rate = FundingRate(
            instrument: id, rate: number("-1.2e-5"), fundingTime: time, eventTime: time, receivedMicroseconds: 5)
        rate.intervalMicroseconds = 28_800_000_000
        let interest = OpenInterest(
            instrument: id, amount: number("1234.50"), valueUSD: number("790000"), eventTime: time,
            receivedMicroseconds: 5)
        let ratio = LongShortRatio(
            instrument: id, kind: .topAccount, ratio: number("1.50"), long: number("0.6"), short: number("0.4"),
            periodMicroseconds: 300_000_000, eventTime: time, receivedMicroseconds: 5)
        var mark = MarkPrice(instrument: id, mark: number("61737.630"), eventTime: time, receivedMicroseconds: 5)
        (mark.open, mark.high, mark.low) = (number("61700"), number("61800.5"), number("61699"))
        mark.resolutionMicroseconds = 60_000_000
        let index = VolatilityIndex(
            instrument: id, open: number("45"), high: number("47.10"), low: number("44"), close: number("46"),
            resolutionMicroseconds: 60_000_000, eventTime: time, receivedMicroseconds: 5)
        // Without anybody who sells.
        let offer = BestBidOffer(
            instrument: id, bid: Level(price: 6_173_760, size: 1_500), ask: Level(price: 0, size: 0),
            sequence: 3_831_603_310_013, eventTime: time, sentTime: Timestamp(milliseconds: milliseconds + 5),
            receivedMicroseconds: 5)
        let rows: [(HistoryKind, HistoryRow)] = [
            (.bbo, .bestBidOffer(offer)),
            (.kline(.minute1), .kline(bar)), (.fundingRate, .fundingRate(rate)),
            (.openInterest(.minute5), .openInterest(interest)),
            (.ratio(.topAccount, period: .minute5), .longShortRatio(ratio)), (.markPrice(.minute1), .markPrice(mark)),
            (.volatilityIndex(.minute1), .volatilityIndex(index)),
        ]
        return rows.map { kind, row in
            (
                kind,
                HistoryPage(
                    bytes: bytes, rows: [row], scales: DecimalScales(price: 2, size: 3),
                    receivedMicroseconds: 1_795_300_000_000_000)
            )
        }
    }

    static func temporaryFolder() -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-history-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }
}
