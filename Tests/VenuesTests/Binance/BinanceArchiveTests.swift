import MarketModel
import Testing
import Venues

@Suite("Archives of Binance")
struct BinanceArchiveTests {
    private static let venue = Binance()
    private static let day: Int64 = 86_400_000
    /// 2026-10-01
    private static let october: Int64 = 1_790_812_800_000

    private static func segment(_ name: String) throws -> VenueSegment {
        try #require(Self.venue.segments.first { $0.id.name == name })
    }

    private static func instrument(_ name: String, listed: Int64? = nil) -> Instrument {
        var instrument = Instrument(
            venue: Binance.id, segment: name, market: name == "spot" ? .spot : .perpetual, symbol: "x",
            venueSymbol: name == "coinm" ? "BTCUSD_PERP" : "BTCUSDT", base: "BTC", quote: "USDT",
            contract: name == "spot" ? .spot : .linear, unit: .base)
        instrument.listedMicroseconds = listed.map { $0 * 1_000 }
        return instrument
    }

    private static func archives(
        _ kind: HistoryKind, _ name: String, _ range: Range<Int64>, now: Int64, stream: String = "aggTrade",
        listed: Int64? = nil
    ) throws -> [VenueArchive] {
        Self.venue.archives(
            of: kind, instrument: Self.instrument(name, listed: listed), rangeMilliseconds: range,
            nowMilliseconds: now, in: try Self.segment(name),
            wanted: Wanted(types: [kind.type], options: ["trade_stream": stream])
        ).map(\.archive)
    }

    // MARK: - Which there are

    @Test("Whole days are taken, and what lies beside them is left")
    func days() throws {
        let found = try Self.archives(
            .trade, "spot", (Self.october - 1)..<(Self.october + 2 * Self.day + 1), now: Self.october + 9 * Self.day)
        #expect(
            found.map(\.path) == [
                "/data/spot/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2026-10-01.zip",
                "/data/spot/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2026-10-02.zip",
            ])
        #expect(found.allSatisfy { $0.span == .day && $0.checksumPath == $0.path + ".CHECKSUM" })
        #expect(found.map(\.rangeMilliseconds.lowerBound) == [Self.october, Self.october + Self.day])
        #expect(found.last?.rangeMilliseconds.upperBound == Self.october + 2 * Self.day)
        let none = try Self.archives(
            .trade, "spot", (Self.october + 1)..<(Self.october + 2 * Self.day - 1), now: Self.october + 9 * Self.day)
        #expect(none.isEmpty)
    }

    @Test("A whole month is one file once the venue has it, and days until then")
    func months() throws {
        let range = (Self.october - Self.day)..<(Self.october + 32 * Self.day)
        let november = Self.october + 31 * Self.day
        let after = try Self.archives(.kline(.minute1), "usdm", range, now: november + 7 * Self.day)
        #expect(after.map(\.span) == [.day, .month, .day])
        #expect(
            after.map(\.path) == [
                "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-09-30.zip",
                "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2026-10.zip",
                "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-11-01.zip",
            ])
        #expect(after[1].rangeMilliseconds == Self.october..<november)
        let before = try Self.archives(.kline(.minute1), "usdm", range, now: november + 7 * Self.day - 1)
        #expect(before.count == 33 && before.allSatisfy { $0.span == .day })
        // Each stretch once, in order, without a hole.
        for (one, next) in zip(before, before.dropFirst()) {
            #expect(one.rangeMilliseconds.upperBound == next.rangeMilliseconds.lowerBound)
        }
        let cut = (Self.october + Self.day)..<(november + Self.day)
        #expect(try Self.archives(.kline(.minute1), "usdm", cut, now: november + 90 * Self.day).count == 31)
    }

    @Test("The last day is the one that ended a day ago")
    func lastDay() throws {
        let range = Self.october..<(Self.october + 20 * Self.day)
        #expect(try Self.archives(.trade, "coinm", range, now: Self.october + 3 * Self.day).count == 2)
        #expect(try Self.archives(.trade, "coinm", range, now: Self.october + 3 * Self.day - 1).count == 1)
        #expect(try Self.archives(.trade, "coinm", range, now: Self.october).isEmpty)
    }

    @Test("Rates come by months alone, and so do long bars")
    func monthsAlone() throws {
        let range = (Self.october - 3 * Self.day)..<(Self.october + 33 * Self.day)
        let now = Self.october + 100 * Self.day
        #expect(
            try Self.archives(.fundingRate, "coinm", range, now: now).map(\.path) == [
                "/data/futures/cm/monthly/fundingRate/BTCUSD_PERP/BTCUSD_PERP-fundingRate-2026-10.zip"
            ])
        #expect(
            try Self.archives(.kline(.month1), "spot", range, now: now).map(\.path) == [
                "/data/spot/monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2026-10.zip"
            ])
        #expect(
            try Self.archives(.markPrice(.hour1), "usdm", range, now: now).map(\.path).dropFirst(3).first
                == "/data/futures/um/monthly/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2026-10.zip")
    }

    @Test("The wanted stream says which trades, and what the archives have not is not looked for there")
    func kinds() throws {
        let range = Self.october..<(Self.october + Self.day)
        let now = Self.october + 9 * Self.day
        #expect(
            try Self.archives(.trade, "usdm", range, now: now, stream: "trade").map(\.path) == [
                "/data/futures/um/daily/trades/BTCUSDT/BTCUSDT-trades-2026-10-01.zip"
            ])
        for (kind, name) in [
            (HistoryKind.openInterest(.minute15), "usdm"), (.openInterest(.minute5), "coinm"),
            (.ratio(.allAccount, period: .hour1), "usdm"), (.fundingRate, "spot"), (.markPrice(.minute1), "spot"),
            (.volatilityIndex(.minute1), "usdm"), (.bbo, "spot"),
        ] {
            #expect(try Self.archives(kind, name, range, now: now).isEmpty)
        }
    }

    @Test("What ended before the listing is not looked for, nor what never was")
    func listed() throws {
        let range = Self.october..<(Self.october + 4 * Self.day)
        let found = try Self.archives(
            .trade, "spot", range, now: Self.october + 9 * Self.day, listed: Self.october + 2 * Self.day + 5)
        #expect(found.map(\.rangeMilliseconds.lowerBound) == [2, 3].map { Self.october + $0 * Self.day })
        let all = try Self.archives(.kline(.day1), "spot", Int64.min..<Int64.max, now: Self.october)
        #expect(all.first?.path.hasSuffix("-2017-07.zip") == true && all.count < 150)
    }

    @Test("Figures bore the time of a period's end until June 2026: each is taken once, from the file that has it")
    func figures() throws {
        // 2026-06-23 to 2026-06-27.
        let start = Self.october - 100 * Self.day
        let found = try Self.archives(
            .openInterest(.minute5), "usdm", start..<(start + 4 * Self.day), now: Self.october)
        #expect(
            found.map { String($0.path.suffix(14)) } == [
                "2026-06-22.zip", "2026-06-23.zip", "2026-06-24.zip", "2026-06-25.zip", "2026-06-26.zip",
            ])
        let minute: Int64 = 60_000
        #expect(
            found.map(\.rangeMilliseconds) == [
                start..<(start + 5 * minute), (start + 5 * minute)..<(start + Self.day + 5 * minute),
                (start + Self.day + 5 * minute)..<(start + 2 * Self.day),
                (start + 2 * Self.day)..<(start + 3 * Self.day), (start + 3 * Self.day)..<(start + 4 * Self.day),
            ])
        #expect(found.allSatisfy { $0.path.contains("/daily/metrics/BTCUSDT/BTCUSDT-metrics-") })
    }

    @Test("Parts of days of figures are taken, and the stretch of an archive gives it again")
    func parts() throws {
        let start = Self.october - 100 * Self.day
        let now = Self.october
        for range in [
            (start + 7_000)..<(start + Self.day + 3_600_000),
            (Self.october - 20 * Self.day + 1)..<(Self.october - 18 * Self.day - 1),
        ] {
            let found = try Self.archives(.ratio(.allAccount, period: .minute5), "usdm", range, now: now)
            #expect(found.first?.rangeMilliseconds.lowerBound == range.lowerBound)
            #expect(found.last?.rangeMilliseconds.upperBound == range.upperBound)
            for (one, next) in zip(found, found.dropFirst()) {
                #expect(one.rangeMilliseconds.upperBound == next.rangeMilliseconds.lowerBound)
            }
            for archive in found {
                let again = try Self.archives(archive.kind, "usdm", archive.rangeMilliseconds, now: now)
                #expect(again == [archive])
            }
        }
        let days = try Self.archives(.trade, "usdm", start..<(start + 40 * Self.day), now: now)
        for archive in days {
            #expect(try Self.archives(.trade, "usdm", archive.rangeMilliseconds, now: now) == [archive])
        }
        let last = Self.october..<(Self.october + 5 * Self.day)
        let open = try Self.archives(
            .openInterest(.minute5), "usdm", last, now: Self.october + 3 * Self.day + 7)
        #expect(open.map(\.rangeMilliseconds.upperBound) == [1, 2].map { Self.october + $0 * Self.day })
    }

    // MARK: - What stands in them

    private static func rig(
        _ kind: HistoryKind, _ name: String, stream: String = "aggTrade"
    ) throws -> ArchiveRig {
        let archive = try #require(
            try Self.archives(
                kind, name, Self.october..<(Self.october + 31 * Self.day), now: Self.october + 90 * Self.day,
                stream: stream
            ).first)
        return try ArchiveRig(Self.venue.makeArchiveDecoder(for: archive, instrument: InstrumentID(3)))
    }

    @Test("Trades are read exactly, with a heading or without, in milliseconds or microseconds")
    func trades() throws {
        var spot = try Self.rig(.trade, "spot")
        let line = "3412345678,61737.63000000,0.00100000,1001,1003,1790812800000123,True,True"
        let trade = try spot.trade(line)
        #expect(trade.sequence == 3_412_345_678 && trade.firstSequence == trade.sequence && trade.isAggregate)
        #expect(line.text(trade.id) == "3412345678" && trade.instrument == InstrumentID(3))
        #expect(trade.price == 6_173_763 && trade.size == 1 && spot.scales == DecimalScales(price: 2, size: 3))
        #expect(trade.aggressor == .sell && trade.isBackfilled && trade.receivedMicroseconds == ArchiveRig.received)
        #expect(trade.eventTime.microseconds == 1_790_812_800_000_123)

        var usdm = try Self.rig(.trade, "usdm")
        let heading = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
        #expect(try usdm.decode(heading, isFirst: true).isEmpty)
        let other = try usdm.trade("10,64100,2.5,1,2,1790812800105,false\r")
        #expect(other.sequence == 10 && other.aggressor == .buy && other.size == 25)
        #expect(other.eventTime.microseconds == 1_790_812_800_105_000)

        var single = try Self.rig(.trade, "spot", stream: "trade")
        let raw = try single.trade("7,1.5,3,4.5,1790812800105000,False,True")
        #expect(raw.sequence == 7 && !raw.isAggregate && raw.price == 15 && raw.size == 3)
        // Two of one time are two.
        #expect(try single.trade("8,1.5,3,4.5,1790812800105000,False,True").eventTime == raw.eventTime)
    }

    @Test("A heading says where columns stand, whatever their order, and one without them makes no row readable")
    func headings() throws {
        var rig = try Self.rig(.trade, "usdm")
        #expect(
            try rig.decode(
                "\u{FEFF}is_buyer_maker,Transact_Time,QUANTITY,price,\"agg_trade_id\",new", isFirst: true
            ).isEmpty)
        let trade = try rig.trade("true,1790812800105,2,64100,10,x")
        #expect(trade.sequence == 10 && trade.price == 64_100 && trade.size == 2)
        var bad = try Self.rig(.trade, "usdm")
        #expect(
            bad.refusal(of: "agg_trade_id,price,amount,transact_time,is_buyer_maker", isFirst: true) == "missing_field")
        #expect(bad.refusal(of: "10,64100,2.5,1,2,1790812800105,false") == "missing_field")
    }

    @Test("Bars count what their section counts", arguments: ["spot", "usdm", "coinm"])
    func bars(_ name: String) throws {
        var rig = try Self.rig(.kline(.minute1), name)
        if name == "usdm" {
            let heading =
                "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
            #expect(try rig.decode(heading, isFirst: true).isEmpty)
        }
        let time = name == "spot" ? "1790812860000000" : "1790812860000"
        let line = "\(time),1.5,1.7,1.4,1.60,1000.25,\(time),1600.5,308,500,800,0"
        let bar = try rig.bar(line)
        #expect(bar.openTime.microseconds == 1_790_812_860_000_000 && bar.interval == .minute1)
        #expect([bar.open, bar.high, bar.low, bar.close].map(line.text) == ["1.5", "1.7", "1.4", "1.60"])
        #expect(bar.tradeCount == 308 && bar.isClosed && bar.isConfirmed && bar.isBackfilled)
        let volumes = [bar.baseVolume, bar.quoteVolume, bar.contractVolume].map(line.text)
        #expect(volumes == (name == "coinm" ? ["1600.5", "", "1000.25"] : ["1000.25", "1600.5", ""]))
    }

    @Test("Mark prices and rates are told as requests tell them")
    func prices() throws {
        var marks = try Self.rig(.markPrice(.minute5), "usdm")
        let events = try marks.decode("1790812800000,1.5,1.70,1.4,1.6,0,1790813099999,0,300,0,0,0")
        guard case .markPrice(let bar)? = events.first else { throw FrameRefusal.unknownEvent }
        #expect(bar.open.text == "1.5" && bar.high.text == "1.7" && bar.low.text == "1.4" && bar.mark.text == "1.6")
        #expect(bar.resolutionMicroseconds == 300_000_000 && bar.eventTime.microseconds == Self.october * 1_000)

        var rates = try Self.rig(.fundingRate, "usdm")
        #expect(try rates.decode("calc_time,funding_interval_hours,last_funding_rate", isFirst: true).isEmpty)
        guard case .fundingRate(let rate)? = try rates.decode("1790812800001,8,-0.00005703").first else {
            throw FrameRefusal.unknownEvent
        }
        #expect(rate.rate.text == "-0.00005703" && rate.settledRate == rate.rate && rate.isBackfilled)
        #expect(rate.fundingTime.microseconds == 1_790_812_800_001_000 && rate.eventTime == rate.fundingTime)
        #expect(rate.intervalMicroseconds == 0 && rate.accrual == .periodic)
    }

    private static let figureHeading =
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
    private static let figureRow =
        "2026-10-01 00:05:00,BTCUSDT,2310973.7900000000000000,3669133.08,4.24734982,2.26803000,2.72141015,0.69236000"

    @Test(
        "Of the figures each kind takes its own column: counts are of accounts, sums of positions",
        arguments: [
            (LongShortRatio.Kind.topAccount, "4.24734982"), (.topPosition, "2.26803"), (.allAccount, "2.72141015"),
        ])
    func figures(_ kind: LongShortRatio.Kind, _ text: String) throws {
        for hasHeading in [true, false] {
            var rig = try Self.rig(.ratio(kind, period: .minute5), "usdm")
            if hasHeading { #expect(try rig.decode(Self.figureHeading, isFirst: true).isEmpty) }
            guard case .longShortRatio(let ratio)? = try rig.decode(Self.figureRow, isFirst: !hasHeading).first else {
                throw FrameRefusal.unknownEvent
            }
            #expect(ratio.kind == kind && ratio.ratio.text == text && !ratio.long.isGiven && !ratio.short.isGiven)
            #expect(ratio.periodMicroseconds == 300_000_000)
            #expect(ratio.eventTime.microseconds == (Self.october + 300_000) * 1_000)
        }
        var rig = try Self.rig(.openInterest(.minute5), "usdm")
        guard case .openInterest(let interest)? = try rig.decode(Self.figureRow).first else {
            throw FrameRefusal.unknownEvent
        }
        #expect(interest.amount.text == "2310973.79" && !interest.valueUSD.isGiven && !interest.baseAmount.isGiven)
    }

    @Test(
        "Figures with a blank, of another symbol or without a time are refused, one by one",
        arguments: [
            (",2310973.7900000000000000,", ",,", "missing_field"), ("BTCUSDT", "ETHUSDT", "mismatch"),
            ("2026-10-01 00:05:00", "2026-10-01", "missing_field"), ("00:05:00", "24:05:00", "missing_field"),
            ("2026-10-01 ", "2026-02-30 ", "missing_field"), ("2026-10-01 00:05:00", "", "missing_field"),
            (",2310973.7900000000000000,", ",1e40,", "value_too_large"),
        ])
    func blanks(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.figureRow.contains(part))
        var rig = try Self.rig(.openInterest(.minute5), "usdm")
        #expect(rig.refusal(of: Self.figureRow.replacing(part, with: other)) == label)
        #expect(rig.refusal(of: Self.figureRow) == nil)
    }

    @Test(
        "Broken trades are refused",
        arguments: [
            ("10,64100,2.5,1,2,1790812800105,maybe", "missing_field"), ("10,64100,2.5,1,2,,false", "missing_field"),
            ("10,,2.5,1,2,1790812800105,false", "missing_field"), ("", "missing_field"), (",,,,,,", "missing_field"),
            ("10,64100,-2.5,1,2,1790812800105,false", "missing_field"), ("10,64100", "missing_field"),
            ("x,64100,2.5,1,2,1790812800105,false", "missing_field"),
            ("10,64100,2.5,1,2,17908128001,false", nil), ("10,64100,2.5,1,2,99999999999999,false", "missing_field"),
            ("10,99999999999999999999,2.5,1,2,1790812800105,false", "value_too_large"),
            ("10,6.4e3,2.5,1,2,1790812800105,false", nil),
        ])
    func broken(_ line: String, _ label: String?) throws {
        var rig = try Self.rig(.trade, "usdm")
        #expect(rig.refusal(of: line) == label)
    }

    @Test("Lines with bytes changed, cut or put in end in an event or a refusal, never in a trap")
    func damaged() throws {
        let lines: [(HistoryKind, String)] = [
            (.trade, "3412345678,61737.63000000,0.00100000,1001,1003,1790812800000123,True"),
            (.kline(.minute1), "1790812860000,1.5,1.7,1.4,1.60,1000.25,1790812919999,1600.5,308,500,800,0"),
            (.fundingRate, "1790812800001,8,-0.00005703"), (.openInterest(.minute5), Self.figureRow),
        ]
        for (index, (kind, line)) in lines.enumerated() {
            var rig = try Self.rig(kind, "usdm")
            let outcomes = rig.outcomes(ofDamaging: line, times: 2_000, seed: UInt64(index + 1))
            #expect(outcomes.isSuperset(of: ["taken", "missing_field"]), "\(kind): \(outcomes)")
        }
    }
}
