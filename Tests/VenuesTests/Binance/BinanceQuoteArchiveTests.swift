import MarketModel
import Testing
import Venues

@Suite("Quotes in the archives of Binance")
struct BinanceQuoteArchiveTests {
    private static let venue = Binance()
    private static let day: Int64 = 86_400_000
    /// 2026-10-01
    private static let october: Int64 = 1_790_812_800_000

    private static func segment(_ name: String) throws -> VenueSegment {
        try #require(Self.venue.segments.first { $0.id.name == name })
    }

    private static func instrument(_ name: String) -> Instrument {
        Instrument(
            venue: Binance.id, segment: name, market: .perpetual, symbol: "x",
            venueSymbol: name == "coinm" ? "BTCUSD_PERP" : "BTCUSDT", base: "BTC", quote: "USDT", contract: .linear,
            unit: .base)
    }

    private static func archives(
        _ kind: HistoryKind, _ name: String, _ range: Range<Int64>, now: Int64
    ) throws -> [VenueArchive] {
        Self.venue.archives(
            of: kind, instrument: Self.instrument(name), rangeMilliseconds: range, nowMilliseconds: now,
            in: try Self.segment(name), wanted: Wanted(types: [kind.type])
        ).map(\.archive)
    }

    // MARK: - Which there are

    @Test("Quotes come by months and days of both futures, parts of days among them, since nothing else has them")
    func quotes() throws {
        let (start, end) = (Self.october - 7, Self.october + 32 * Self.day + 3_600_000)
        let now = Self.october + 90 * Self.day
        let found = try Self.archives(.bbo, "coinm", start..<end, now: now)
        let folder = "/data/futures/cm"
        #expect(
            found.map(\.path) == [
                "\(folder)/daily/bookTicker/BTCUSD_PERP/BTCUSD_PERP-bookTicker-2026-09-30.zip",
                "\(folder)/monthly/bookTicker/BTCUSD_PERP/BTCUSD_PERP-bookTicker-2026-10.zip",
                "\(folder)/daily/bookTicker/BTCUSD_PERP/BTCUSD_PERP-bookTicker-2026-11-01.zip",
                "\(folder)/daily/bookTicker/BTCUSD_PERP/BTCUSD_PERP-bookTicker-2026-11-02.zip",
            ])
        #expect(found.first?.rangeMilliseconds == start..<Self.october)
        #expect(found.last?.rangeMilliseconds == (end - 3_600_000)..<end)
        for (one, next) in zip(found, found.dropFirst()) {
            #expect(one.rangeMilliseconds.upperBound == next.rangeMilliseconds.lowerBound)
        }
        for archive in found {
            #expect(try Self.archives(.bbo, "coinm", archive.rangeMilliseconds, now: now) == [archive])
        }
        // Of a month that is not wanted whole the days.
        let inside = (Self.october + 1)..<(Self.october + 31 * Self.day)
        let days = try Self.archives(.bbo, "usdm", inside, now: now)
        #expect(days.count == 31 && days.allSatisfy { $0.span == .day && $0.path.contains("/um/daily/bookTicker/") })
        #expect(days.first?.rangeMilliseconds.lowerBound == Self.october + 1)
        let hour = (Self.october + 5 * 3_600_000)..<(Self.october + 6 * 3_600_000)
        #expect(try Self.archives(.bbo, "usdm", hour, now: now).map(\.rangeMilliseconds) == [hour])
        #expect(try Self.archives(.bbo, "usdm", hour, now: Self.october + 2 * Self.day - 1).isEmpty)
        #expect(try Self.archives(.bbo, "usdm", Self.october..<Self.october, now: now).isEmpty)
    }

    @Test("The month in which quotes of a section end is no whole one, and its days are taken")
    func lastMonths() throws {
        // 2024-03-01 to 2024-05-01, and 2024-10-01 to 2024-11-01.
        let (spring, autumn) = (
            Int64(1_709_251_200_000)..<1_714_521_600_000, Int64(1_727_740_800_000)..<1_730_419_200_000
        )
        func months(_ kind: HistoryKind, _ name: String, _ range: Range<Int64>) throws -> [String] {
            try Self.archives(kind, name, range, now: Self.october).filter { $0.span == .month }
                .map { String($0.path.suffix(11).dropLast(4)) }
        }
        #expect(try months(.bbo, "usdm", spring) == ["2024-03"])
        #expect(try Self.archives(.bbo, "usdm", spring, now: Self.october).count == 31)
        #expect(try months(.bbo, "coinm", spring) == ["2024-03", "2024-04"])
        #expect(try months(.bbo, "coinm", autumn) == [] && months(.bbo, "usdm", autumn) == ["2024-10"])
        #expect(try months(.trade, "usdm", spring) == ["2024-03", "2024-04"])
    }

    @Test("What a section has in archives is told without looking for one")
    func kindsAtAll() throws {
        func has(_ kind: HistoryKind, _ name: String) throws -> Bool {
            Self.venue.hasArchives(of: kind, in: try Self.segment(name), wanted: Wanted(types: [.trade]))
        }
        #expect(try has(.bbo, "usdm") && has(.bbo, "coinm") && has(.trade, "spot") && has(.fundingRate, "coinm"))
        #expect(try !has(.bbo, "spot") && !has(.openInterest(.minute15), "usdm") && !has(.fundingRate, "spot"))
    }

    // MARK: - What stands in them

    private static func rig(_ kind: HistoryKind, _ name: String) throws -> ArchiveRig {
        let archive = try #require(
            try Self.archives(
                kind, name, Self.october..<(Self.october + Self.day), now: Self.october + 90 * Self.day
            ).first)
        return try ArchiveRig(Self.venue.makeArchiveDecoder(for: archive, instrument: InstrumentID(3)))
    }

    private static let quoteHeading =
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
    /// https://github.com/binance/binance-public-data/issues/305
    private static let quoteRow =
        "3831603310013,2474.30000000,6.00900000,2474.31000000,44.75700000,1705276800000,1705276800005"

    @Test("Quotes are read exactly, with a heading or without, whatever its order", arguments: ["usdm", "coinm"])
    func quotes(_ name: String) throws {
        for hasHeading in [true, false] {
            var rig = try Self.rig(.bbo, name)
            if hasHeading { #expect(try rig.decode(Self.quoteHeading, isFirst: true).isEmpty) }
            let quote = try rig.quote(Self.quoteRow, isFirst: !hasHeading)
            #expect(quote.instrument == InstrumentID(3) && quote.sequence == 3_831_603_310_013 && quote.isBackfilled)
            #expect(quote.bid == Level(price: 247_430, size: 6_009) && quote.ask == Level(price: 247_431, size: 44_757))
            #expect(rig.scales == DecimalScales(price: 2, size: 3))
            #expect(quote.eventTime.microseconds == 1_705_276_800_000_000)
            #expect(quote.sentTime.microseconds == 1_705_276_800_005_000)
            #expect(quote.receivedMicroseconds == ArchiveRig.received)
        }
        var other = try Self.rig(.bbo, name)
        let heading = "event_time,transaction_time,best_ask_qty,best_ask_price,best_bid_qty,best_bid_price,update_id"
        #expect(try other.decode(heading, isFirst: true).isEmpty)
        let quote = try other.quote("1705276800005,1705276800000,4,3,2,1,7")
        #expect(quote.sequence == 7 && quote.bid == Level(price: 1, size: 2) && quote.ask == Level(price: 3, size: 4))
        #expect(quote.eventTime.microseconds == 1_705_276_800_000_000)
        // A side that is empty.
        #expect(try other.quote("1705276800005,1705276800000,0,0,2,1,8").ask == Level(price: 0, size: 0))
    }

    @Test(
        "Quotes with a number that is none are refused, one by one",
        arguments: [
            ("3831603310013,", "0,", "missing_field"), ("3831603310013,", ",", "missing_field"),
            ("3831603310013,", "-5,", "missing_field"), ("3831603310013,", "38316033100130000000,", "missing_field"),
            (",2474.30000000,", ",,", "missing_field"), (",2474.30000000,", ",2474.3O,", "missing_field"),
            (",6.00900000,", ",-6.009,", "missing_field"), (",2474.31000000,", ",nan,", "missing_field"),
            (",44.75700000,", ",,", "missing_field"), (",44.75700000,", ",99999999999999999999,", "value_too_large"),
            (",1705276800000,", ",,", "missing_field"), (",1705276800005", ",2024-01-15", "missing_field"),
            (",1705276800005", "", "missing_field"),
        ])
    func brokenQuotes(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.quoteRow.contains(part))
        var rig = try Self.rig(.bbo, "usdm")
        #expect(rig.refusal(of: Self.quoteRow.replacing(part, with: other)) == label)
        #expect(rig.refusal(of: Self.quoteRow) == nil)
    }

    @Test("A table of quotes without one of its columns has no row that can be read")
    func otherColumns() throws {
        for column in Self.quoteHeading.split(separator: ",") {
            var rig = try Self.rig(.bbo, "usdm")
            let heading = Self.quoteHeading.replacing(column, with: "x_\(column)")
            #expect(rig.refusal(of: heading, isFirst: true) == "missing_field", "\(column)")
            #expect(rig.refusal(of: Self.quoteRow) == "missing_field", "\(column)")
        }
    }

    @Test("Lines with bytes changed, cut or put in end in a quote or a refusal, never in a trap")
    func damaged() throws {
        var rig = try Self.rig(.bbo, "usdm")
        let outcomes = rig.outcomes(ofDamaging: Self.quoteRow, times: 2_000, seed: 7)
        #expect(outcomes.isSuperset(of: ["taken", "missing_field"]), "\(outcomes)")
    }
}
