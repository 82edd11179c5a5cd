import Testing

@testable import ExchangeSimulator

@Suite("Names of archives and parts of them")
struct ArchiveFileTests {
    private static let day: Int64 = 86_400_000
    /// 2026-11-01, a Sunday.
    private static let november: Int64 = 1_793_491_200_000

    private static func file(_ path: String) -> ArchiveFile? { ArchiveFile(path, settings: PastSettings()) }

    @Test("Binance's paths say section, symbol, rows and stretch; days are there at their end, months on a Monday")
    func binance() throws {
        let day = try #require(Self.file("data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-11-01.zip"))
        #expect(day.segment == .usdm && day.symbol == "BTCUSDT" && day.table == .bars(.every(60_000)))
        #expect(day.from == Self.november && day.to == Self.november + Self.day && day.availableAt == day.to)
        #expect(day.name == "BTCUSDT-1m-2026-11-01" && !day.isChecksum)
        let sum = try #require(
            Self.file("data/spot/monthly/aggTrades/币安人生USDT/币安人生USDT-aggTrades-2026-10.zip.CHECKSUM"))
        #expect(sum.isChecksum && sum.segment == .spot && sum.to == Self.november)
        #expect(sum.availableAt == Self.november + Self.day && sum.table == .aggregateTrades)
        let month = Self.file("data/futures/cm/monthly/markPriceKlines/BTCUSD_PERP/1mo/BTCUSD_PERP-1mo-2026-09.zip")
        #expect(month?.table == .markBars(.month) && month?.segment == .coinm)
        for path in [
            "data/futures/um/daily/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-11-01.zip",
            "data/futures/um/monthly/metrics/BTCUSDT/BTCUSDT-metrics-2026-11.zip",
            "data/spot/daily/markPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2026-11-01.zip",
            "data/futures/um/daily/klines/BTCUSDT/1s/BTCUSDT-1s-2026-11-01.zip",
            "data/futures/um/daily/klines/BTCUSDT/1m/ETHUSDT-1m-2026-11-01.zip",
            "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-02-30.zip",
            "data/futures/um/daily/trades/BTCUSDT/BTCUSDT-trades-2026-11.zip",
            "data/futures/um/daily/trades/BTCUSDT/BTCUSDT-trades-2026-11-01.csv", "data", "",
        ] { #expect(Self.file(path) == nil, "\(path)") }
    }

    @Test("OKX's days begin at 16:00 UTC and are listed the day after the next")
    func okx() throws {
        let path = ArchiveFile.okxPath(
            "BTC-USDT-SWAP-trades-2026-11-01", module: "1", date: "2026-11-01", isMonth: false)
        #expect(path.hasSuffix("/trades/daily/20261101/BTC-USDT-SWAP-trades-2026-11-01.zip"))
        let file = try #require(Self.file(String(path.dropFirst(ArchiveFile.root.count + 1))))
        #expect(file.segment == .okxSwap && file.symbol == "BTC-USDT-SWAP" && file.table == .trades)
        #expect(file.from == Self.november - 8 * 3_600_000 && file.to == file.from + Self.day)
        #expect(file.availableAt == file.to + Self.day)
        #expect(Self.file("cdn/okex/traderecords/trades/daily/20261102/BTC-USDT-trades-2026-11-01.zip") == nil)
        #expect(Self.file("cdn/okex/traderecords/swaprates/monthly/202610/BTC-USDT-fundingrates-2026-10.zip") == nil)
    }

    @Test(
        "A range is a part, the whole or nothing that can be sent",
        arguments: [
            (nil, nil, ByteRange.whole), ("bytes=0-", nil, .part(0..<10)), ("bytes=3-", nil, .part(3..<10)),
            ("bytes=3-5", nil, .part(3..<6)), ("bytes=3-99", nil, .part(3..<10)), ("bytes=-4", nil, .part(6..<10)),
            ("bytes=-40", nil, .part(0..<10)), ("bytes=10-", nil, .unsatisfiable), ("bytes=10-12", nil, .unsatisfiable),
            ("bytes=-0", nil, .unsatisfiable), ("bytes=5-3", nil, .whole), ("bytes=1-2,4-5", nil, .whole),
            ("bytes=x-", nil, .whole), ("rows=1-2", nil, .whole), ("bytes=-", nil, .whole),
            ("bytes=99999999999999999999-", nil, .whole), ("bytes=3-", "\"a\"", .part(3..<10)),
            ("bytes=3-", "\"b\"", .whole), ("bytes=3-", "W/\"a\"", .whole),
        ] as [(String?, String?, ByteRange)])
    func ranges(header: String?, condition: String?, expected: ByteRange) {
        #expect(ByteRange(header, condition: condition, tag: "\"a\"", count: 10) == expected)
    }

    @Test("Spot's times are microseconds since 2025, milliseconds before")
    func units() throws {
        var settings = PastSettings()
        settings.days = 1_000
        let past = PastMarket(
            SimulatedSymbol.standard(.spot)[0], .spot, settings: settings, fundingPeriod: 1, seed: 1,
            until: Self.november)
        for (date, opening, end) in [
            ("2024-12-31", "1735603200000,", "1735689599999,"),
            ("2025-01-01", "1735689600000000,", "1735775999999999,"),
        ] {
            let file = try #require(Self.file("data/spot/daily/klines/BTCUSDT/1d/BTCUSDT-1d-\(date).zip"))
            var text = ""
            #expect(
                ArchiveTable(file: file, log: TradeLog(past: past)).write {
                    text += String(decoding: $0, as: UTF8.self)
                })
            #expect(text.hasPrefix(opening) && text.contains("," + end))
        }
    }

    @Test("The shelf keeps a bounded number of bytes, and a change makes a file anew")
    func shelf() {
        var shelf = ArchiveShelf()
        var changes: [UInt16] = []
        func ask(_ path: String) -> Int? {
            shelf.content(path) {
                changes.append($0)
                return [UInt8](repeating: UInt8($0), count: 12 << 20)
            }?.bytes.count
        }
        for path in ["a", "b", "a", "c", "a"] { _ = ask(path) }
        #expect(shelf.made == 3)
        _ = ask("b")
        #expect(shelf.made == 4)
        shelf.change("b")
        _ = ask("b")
        #expect(shelf.made == 5 && changes == [0, 0, 0, 0, 1])
        #expect(shelf.content("d") { _ in nil }?.bytes == nil && shelf.made == 5)
    }
}
