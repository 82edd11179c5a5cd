import MarketModel
import Testing
import Venues

@Suite("Archives of OKX")
struct OKXArchiveTests {
    private static let venue = OKX()
    private static let day: Int64 = 86_400_000
    /// 2025-10-17 of UTC+8, which is 16:00 UTC of the day before.
    private static let start: Int64 = 1_760_630_400_000

    private static func instrument(_ section: OKXSegment, listed: Int64? = nil) -> Instrument {
        var instrument = Instrument(
            venue: OKX.id, segment: section.rawValue, market: section == .spot ? .spot : .perpetual, symbol: "x",
            venueSymbol: section == .spot ? "BTC-USDT" : "BTC-USDT-SWAP", base: "BTC", quote: "USDT",
            contract: section == .spot ? .spot : .linear, unit: section.sizeUnit)
        instrument.listedMicroseconds = listed.map { $0 * 1_000 }
        return instrument
    }

    private static func archives(
        _ kind: HistoryKind, _ section: OKXSegment, _ range: Range<Int64>, now: Int64, listed: Int64? = nil
    ) throws -> [ArchiveLocation] {
        Self.venue.archives(
            of: kind, instrument: Self.instrument(section, listed: listed), rangeMilliseconds: range,
            nowMilliseconds: now, in: try #require(VenueCatalog.segment(section.id)),
            wanted: Wanted(types: [kind.type]))
    }

    private static func archive(_ kind: HistoryKind, _ section: OKXSegment) throws -> VenueArchive {
        try #require(
            try Self.archives(kind, section, Self.start..<(Self.start + Self.day), now: Self.start + 9 * Self.day).first
        ).archive
    }

    // MARK: Which there are

    @Test("Days of UTC+8 are listed one by one, from the third day on")
    func days() throws {
        let range = (Self.start - 1)..<(Self.start + 4 * Self.day - 1)
        let found = try Self.archives(.trade, .swap, range, now: Self.start + 5 * Self.day)
        #expect(
            found.map(\.archive.rangeMilliseconds)
                == [0, 1, 2].map {
                    (Self.start + $0 * Self.day)..<(Self.start + ($0 + 1) * Self.day)
                })
        guard case .listed(let request, let archive)? = found.first else { throw UnreadableAnswer("none") }
        #expect(
            request.path
                == "/api/v5/public/market-data-history?module=1&instType=SWAP&instFamilyList=BTC-USDT&dateAggrType=daily&begin=\(Self.start)&end=\(Self.start + Self.day - 1)"
        )
        #expect(request.costs == [.init("market-data-history", 1)] && archive.checksumPath == nil)
        #expect(archive.span == .day && archive.path.isEmpty && archive.symbol == "BTC-USDT-SWAP")
        #expect(try Self.archives(.trade, .swap, range, now: Self.start + 5 * Self.day - 1).count == 2)
        #expect(try Self.archives(.trade, .swap, range, now: Self.start).isEmpty)
        let late = try Self.archives(
            .trade, .swap, range, now: Self.start + 9 * Self.day, listed: Self.start + Self.day)
        #expect(late.count == 2)
        #expect(try Self.archives(.trade, .spot, .min ..< .max, now: Self.start).count < 2_000)
    }

    @Test("Spot is listed by instrument, and only what the list has")
    func modules() throws {
        let range = Self.start..<(Self.start + Self.day)
        let now = Self.start + 9 * Self.day
        for (kind, section, part) in [
            (HistoryKind.trade, OKXSegment.spot, "module=1&instType=SPOT&instIdList=BTC-USDT&"),
            (.kline(.minute1), .spot, "module=2&instType=SPOT&"), (.fundingRate, .swap, "module=3&instType=SWAP&"),
        ] {
            guard case .listed(let request, _)? = try Self.archives(kind, section, range, now: now).first else {
                throw UnreadableAnswer("none")
            }
            #expect(request.path.contains(part))
        }
        for kind in [HistoryKind.kline(.minute5), .openInterest(.minute5), .markPrice(.minute1)] {
            #expect(try Self.archives(kind, .swap, range, now: now).isEmpty)
        }
        #expect(try Self.archives(.fundingRate, .spot, range, now: now).isEmpty)
    }

    // MARK: The list

    private static let list =
        #"{"code":"0","msg":"","data":[{"ts":"1760800000000","totalSizeMB":"3","dateAggrType":"daily","details":[{"instId":"","instFamily":"ETH-USDT","instType":"SWAP","groupDetails":[{"filename":"ETH-USDT-SWAP-trades-2025-10-17.zip","dateTs":"1760630400000","sizeMB":"1","url":"https://static.okx.com/eth.zip"}]},{"instId":"","instFamily":"BTC-USDT","instType":"SWAP","dateRangeStart":"1760630400000","groupSizeMB":"1.6","groupDetails":[{"filename":"BTC-USDT-SWAP-trades-2025-10-16.zip","dateTs":"1760544000000","sizeMB":"1","url":"https://static.okx.com/before.zip"},{"filename":"BTC-USDT-SWAP-trades-2025-10-17.zip","dateTs":"1760630400000","sizeMB":"1","url":"https://static.okx.com/btc.zip"}]}]}]}"#

    @Test("The file of the day and the family is taken, by its time or by its name")
    func address() throws {
        let archive = try Self.archive(.trade, .swap)
        func address(_ text: String) throws -> String? {
            try Self.venue.archiveAddress(Array(text.utf8), of: archive)
        }
        #expect(try address(Self.list) == "https://static.okx.com/btc.zip")
        #expect(
            try address(Self.list.replacing(#""dateTs":"1760630400000","#, with: ""))
                == "https://static.okx.com/btc.zip")
        #expect(try address(Self.list.replacing("1760630400000", with: "1760716800000")) == nil)
        #expect(try address(Self.list.replacing(#""BTC-USDT""#, with: #""BTC-USD""#)) == nil)
        #expect(try address(Self.list.replacing(#""SWAP""#, with: #""FUTURES""#)) == nil)
        #expect(try address(Self.list.replacing("https://static.okx.com/btc", with: "file:///btc")) == nil)
        #expect(try address(#"{"code":"0","data":[]}"#) == nil && address(#"{"code":"0","data":[7]}"#) == nil)
        for broken in [#"{"code":"51000","data":[]}"#, #"{"code":"0"}"#, "[]", "", String(Self.list.dropLast())] {
            #expect(throws: UnreadableAnswer.self) { try address(broken) }
        }
    }

    @Test("Rates of all swaps stand in one file, which belongs to no family")
    func allSwaps() throws {
        let text =
            #"{"code":"0","data":[{"details":[{"instId":"","instFamily":"ANY","instType":"SWAP","groupDetails":[{"filename":"allswap-fundingrates-2025-10-17.zip","dateTs":"1760630400000","url":"https://static.okx.com/all.zip"}]}]}]}"#
        let archive = try Self.archive(.fundingRate, .swap)
        #expect(try Self.venue.archiveAddress(Array(text.utf8), of: archive) == "https://static.okx.com/all.zip")
    }

    // MARK: What stands in them

    private static func rig(_ kind: HistoryKind, _ section: OKXSegment) throws -> ArchiveRig {
        try ArchiveRig(
            Self.venue.makeArchiveDecoder(for: try Self.archive(kind, section), instrument: InstrumentID(2)))
    }

    @Test("Of the family's trades those of the instrument are read, exactly, whatever the heading's language")
    func trades() throws {
        var rig = try Self.rig(.trade, .swap)
        let heading =
            "instrument_name/交易对名,trade_id/成交id,side/交易方向,price/价格,size/数量,created_time/成交时间,source"
        #expect(try rig.decode(heading, isFirst: true).isEmpty)
        let line = "BTC-USDT-SWAP,2885385355,SELL,78542.2,14.07,1788192000021,0"
        let trade = try rig.trade(line)
        #expect(trade.sequence == 2_885_385_355 && line.text(trade.id) == "2885385355" && trade.aggressor == .sell)
        #expect(trade.price == 785_422 && trade.size == 1_407 && rig.scales == DecimalScales(price: 1, size: 2))
        #expect(trade.eventTime.microseconds == 1_788_192_000_021_000 && trade.isBackfilled && !trade.isAggregate)
        let refusal = #expect(throws: FrameRefusal.self) {
            try rig.decode("BTC-USDT-261225,1,buy,1,1,1788192000021")
        }
        #expect(refusal?.label == "mismatch")
        // Without a heading in the documented order.
        var plain = try Self.rig(.trade, .swap)
        #expect(try plain.decode(line, isFirst: true).count == 1)
    }

    @Test(
        "Broken trades are refused",
        arguments: [
            ("BTC-USDT-SWAP,x,sell,78542.2,14.07,1788192000021", "missing_field"),
            ("BTC-USDT-SWAP,1,both,78542.2,14.07,1788192000021", "missing_field"),
            ("BTC-USDT-SWAP,1,sell,,14.07,1788192000021", "missing_field"),
            ("BTC-USDT-SWAP,1,sell,78542.2,-1,1788192000021", "missing_field"),
            ("BTC-USDT-SWAP,1,sell,78542.2,14.07,", "missing_field"), ("BTC-USDT-SWAP", "missing_field"),
            ("", "missing_field"), (",1,sell,1,1,1788192000021", "missing_field"),
            ("BTC-USDT-SWAP,1,sell,78542.2,0.00044782999999999997,1788192000021", "value_too_large"),
        ])
    func broken(_ line: String, _ label: String) throws {
        var rig = try Self.rig(.trade, .swap)
        #expect(rig.refusal(of: line) == label)
    }

    @Test("Bars count contracts beside the base asset on swaps, and one that is not final is passed over")
    func bars() throws {
        let heading = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm"
        let line = ",3839.44,3843.58,3836.71,3838.160,23503.2,2350.32,9024127.30277,1761148800000,1"
        for section in OKXSegment.allCases {
            var rig = try Self.rig(.kline(.minute1), section)
            #expect(try rig.decode(heading, isFirst: true).isEmpty)
            let text = (section == .spot ? "BTC-USDT" : "BTC-USDT-SWAP") + line
            let bar = try rig.bar(text)
            #expect(
                [bar.open, bar.high, bar.low, bar.close].map(text.text) == [
                    "3839.44", "3843.58", "3836.71", "3838.160",
                ])
            let volumes = [bar.baseVolume, bar.quoteVolume, bar.contractVolume].map(text.text)
            #expect(
                volumes
                    == (section == .spot ? ["23503.2", "9024127.30277", ""] : ["2350.32", "9024127.30277", "23503.2"]))
            #expect(bar.openTime.microseconds == 1_761_148_800_000_000 && bar.interval == .minute1)
            #expect(bar.isClosed && bar.isConfirmed && bar.isBackfilled && bar.tradeCount == -1)
            #expect(try rig.decode(String(text.dropLast()) + "0").isEmpty)
            #expect(rig.refusal(of: String(text.dropLast()) + "2") == "missing_field")
            #expect(rig.refusal(of: text.replacing("23503.2,", with: ",")) == "missing_field")
        }
    }

    @Test("The rate is the one that was charged where both stand")
    func rates() throws {
        func rate(_ heading: String, _ line: String) throws -> FundingRate? {
            var rig = try Self.rig(.fundingRate, .swap)
            try #require(try rig.decode(heading, isFirst: true).isEmpty)
            guard case .fundingRate(let rate)? = try rig.decode(line).first else { return nil }
            return rate
        }
        let plain = try #require(
            try rate("instrument_name,funding_rate,funding_time", "BTC-USDT-SWAP,-0.0001360076771935,1760659200000"))
        #expect(plain.rate.text == "-0.0001360076771935" && plain.settledRate == plain.rate && plain.isBackfilled)
        #expect(plain.fundingTime.microseconds == 1_760_659_200_000_000 && plain.eventTime == plain.fundingTime)
        let both = try rate(
            "instrument_name,contract_type,funding_rate,real_funding_rate,funding_time",
            "BTC-USDT-SWAP,linear,0.0001,0.00009,1760659200000")
        #expect(both?.rate.text == "0.00009")
        let refusal = #expect(throws: FrameRefusal.self) {
            try rate("instrument_name,funding_rate,funding_time", "ETH-USDT-SWAP,0.1,1760659200000")
        }
        #expect(refusal?.label == "mismatch")
    }

    @Test("Lines with bytes changed, cut or put in end in an event or a refusal, never in a trap")
    func damaged() throws {
        let lines: [(HistoryKind, String)] = [
            (.trade, "BTC-USDT-SWAP,2885385355,sell,78542.2,14.07,1788192000021,0"),
            (
                .kline(.minute1),
                "BTC-USDT-SWAP,3839.44,3843.58,3836.71,3838.16,23503.2,2350.32,9024127.30277,1761148800000,1"
            ), (.fundingRate, "BTC-USDT-SWAP,-0.0001360076771935,1760659200000"),
        ]
        for (index, (kind, line)) in lines.enumerated() {
            var rig = try Self.rig(kind, .swap)
            let outcomes = rig.outcomes(ofDamaging: line, times: 2_000, seed: UInt64(index + 7))
            #expect(outcomes.isSuperset(of: ["taken", "missing_field"]), "\(kind): \(outcomes)")
        }
    }
}
