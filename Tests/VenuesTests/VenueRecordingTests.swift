import MarketModel
import Testing
import Venues

@Suite("Recordings of venues")
struct VenueRecordingTests {
    private static func sections(_ venue: VenueID) -> [VenueSegment] {
        VenueCatalog.segments.filter { $0.id.venue == venue }
    }

    private static func name(_ recording: some VenueRecording, _ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { recording.streamName(of: Frame(bytes: $0, receivedMicroseconds: 0)) }
    }

    @Test(
        "An address tells the sections that its host serves",
        arguments: [
            ("wss://ws.okx.com:8443/ws/v5/public", ["okx spot", "okx swap"]),
            ("wss://ws.okx.com", ["okx spot", "okx swap"]),
            ("wss://www.deribit.com/ws/api/v2", ["deribit perpetual", "deribit option", "deribit index"]),
            ("wss://fstream.binance.com/stream?streams=", ["binance usdm"]),
            ("wss://example.com/ws/v5/public", []), ("ws.okx.com", []), ("https://www.deribit.com/", []), ("", []),
        ])
    func address(address: String, sections: [String]) {
        #expect(VenueCatalog.segments(at: address).map { "\($0.id)" } == sections)
    }

    @Test("Every venue's recordings can be read")
    func catalog() {
        #expect(VenueCatalog.all.allSatisfy { VenueCatalog.recording(of: $0.id)?.venue == $0.id })
    }

    @Test("A request names the streams that it asks for, and only one that asks")
    func requests() {
        let binance = BinanceRecording()
        #expect(
            binance.streamsAsked(by: Array(#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#.utf8))
                == ["btcusdt@trade"])
        #expect(binance.streamsAsked(by: Array(#"{"method":"UNSUBSCRIBE","params":["a@trade"],"id":1}"#.utf8)) == [])
        let okx = OKXRecording()
        let args = #"[{"channel":"books","instId":"BTC-USDT"},{"channel":"instruments","instType":"SPOT"},{"x":1}]"#
        #expect(
            okx.streamsAsked(by: Array(#"{"op":"subscribe","args":\#(args)}"#.utf8))
                == ["books:BTC-USDT", "instruments:SPOT"])
        #expect(okx.streamsAsked(by: Array(#"{"op":"unsubscribe","args":\#(args)}"#.utf8)) == [])
        #expect(okx.streamsAsked(by: Array("ping".utf8)) == [])
        let deribit = DeribitRecording()
        let params = #"{"channels":["book.BTC-PERPETUAL.raw"]}"#
        #expect(
            deribit.streamsAsked(by: Array(#"{"id":1,"method":"public/subscribe","params":\#(params)}"#.utf8))
                == ["book.BTC-PERPETUAL.raw"])
        #expect(deribit.streamsAsked(by: Array(#"{"method":"public/unsubscribe","params":\#(params)}"#.utf8)) == [])
        #expect(
            deribit.streamsAsked(by: Array(#"{"method":"public/set_heartbeat","params":{"interval":9}}"#.utf8)) == [])
    }

    @Test("A frame tells its stream's name")
    func frames() {
        #expect(Self.name(BinanceRecording(), #"{"stream":"btcusdt@trade","data":{}}"#) == "btcusdt@trade")
        #expect(Self.name(OKXRecording(), #"{"arg":{"channel":"tickers","instId":"X-Y"},"data":[]}"#) == "tickers:X-Y")
        #expect(Self.name(OKXRecording(), #"{"event":"error","code":"60018"}"#) == nil)
        let notification = #"{"method":"subscription","params":{"channel":"ticker.A.raw","data":{"x":[1]}}}"#
        #expect(Self.name(DeribitRecording(), notification) == "ticker.A.raw")
        #expect(Self.name(DeribitRecording(), #"{"id":1,"result":[]}"#) == nil)
    }

    @Test(
        "A stream is read as one of the section whose rules its instrument has",
        arguments: [
            ("books:BTC-USDT", "spot", "spot", Market.spot, "BTC-USDT", Instrument.Contract.spot),
            ("trades:UNI-USD-SWAP", "swap", "swap", .perpetual, "UNI-USD", .inverse),
            ("trades:BTC-USD_UM-SWAP", "swap", "swap", .perpetual, "BTC-USD_UM", .linear),
            ("index-tickers:BTC-USDT", "swap", "swap", .perpetual, "BTC-USDT", .linear),
            ("books:BTC-USD-220527", "swap", "futures", .future, "BTC-USD-220527", .inverse),
            ("books:BTC-USD-220527-30000-C", "swap", "option", .option, "BTC-USD-220527-30000-C", .inverse),
        ])
    func okx(
        name: String, readAs: String, section: String, market: Market, symbol: String, contract: Instrument.Contract
    ) throws {
        let found = try #require(OKXRecording().stream(named: name, in: Self.sections(OKX.id)))
        #expect(found.section.id.name == readAs)
        let instrument = try #require(found.instrument)
        #expect(instrument.segment == section && instrument.market == market && instrument.symbol == symbol)
        #expect(instrument.contract == contract && instrument.base == String(symbol.prefix { $0 != "-" }))
    }

    @Test(
        "Deribit's names tell perpetuals, options and dated futures",
        arguments: [
            ("book.BTC-PERPETUAL.raw", "perpetual", "perpetual", Market.perpetual, "BTC-USD", SizeUnit.quote),
            ("trades.SOL_USDC-PERPETUAL.100ms", "perpetual", "perpetual", .perpetual, "SOL-USDC", .base),
            ("quote.BTC-24SEP21-8000-P", "option", "option", .option, "BTC-210924-8000-P", .base),
            ("quote.XRP_USDC-5JAN27-0d625-P", "option", "option", .option, "XRP-USDC-270105-0d625-P", .base),
            ("book.BTC-24SEP21.raw", "perpetual", "future", .future, "BTC-USD-210924", .quote),
            ("deribit_volatility_index.btc_usd", "index", "index", .option, "BTC", .base),
        ])
    func deribit(
        name: String, readAs: String, section: String, market: Market, symbol: String, unit: SizeUnit
    ) throws {
        let found = try #require(DeribitRecording().stream(named: name, in: Self.sections(Deribit.id)))
        #expect(found.section.id.name == readAs)
        let instrument = try #require(found.instrument)
        #expect(instrument.segment == section && instrument.market == market && instrument.symbol == symbol)
        #expect(instrument.unit == unit)
    }

    @Test("An option's strike is a number again")
    func strike() throws {
        let found = DeribitRecording().stream(named: "quote.XRP_USDC-5JAN27-0d625-P", in: Self.sections(Deribit.id))
        let instrument = try #require(found?.instrument)
        #expect(instrument.strike == "0.625" && instrument.optionType == .put && instrument.quote == "USDC")
    }

    @Test("Streams of a whole section have no instrument")
    func whole() throws {
        let swap = try #require(
            OKXRecording().stream(named: "liquidation-orders:SWAP", in: Self.sections(OKX.id)))
        #expect(swap.section.id.name == "swap" && swap.instrument == nil)
        let info = try #require(BinanceRecording().stream(named: "!contractInfo", in: Self.sections(Binance.id)))
        #expect(info.instrument == nil)
    }

    @Test("What is not collected is no stream")
    func notCollected() {
        let okx = ["tickers:BTC-USDT", "books:", "books:BTC", "books:A-B-C-D", "liquidation-orders:FUTURES", "books"]
        for name in okx { #expect(OKXRecording().stream(named: name, in: Self.sections(OKX.id)) == nil, "\(name)") }
        let deribit = ["user.orders.BTC", "book.BTC-FS-24SEP21_PERP.raw", "book..raw", "quote.BTC_-PERPETUAL"]
        for name in deribit {
            #expect(DeribitRecording().stream(named: name, in: Self.sections(Deribit.id)) == nil, "\(name)")
        }
        #expect(BinanceRecording().stream(named: "btcusdt@ticker", in: Self.sections(Binance.id)) == nil)
    }
}
