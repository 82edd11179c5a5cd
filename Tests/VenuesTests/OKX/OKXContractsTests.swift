import MarketModel
import Testing
import Venues

@Suite("OKX decoder: figures of contracts")
struct OKXContractsTests {
    private static let symbol = "SOL-USDT-SWAP"

    /// The one event of a frame, in every order of its keys.
    private static func events(_ channel: String, _ data: String) throws -> [MarketEvent] {
        try OKXText.variants(
            arg: #"{"channel":"\#(channel)","instId":"\#(Self.symbol)"}"#, action: nil, data: "[\(data)]"
        ).map { text in
            var rig = OKXRig(.swap, ["\(channel):\(Self.symbol)"])
            #expect(try rig.decode(text) == nil)
            #expect(rig.events.count == 1)
            return try #require(rig.events.first)
        }
    }

    @Test("A mark price is read")
    func markPrice() throws {
        let data = #"{"instType":"SWAP","instId":"SOL-USDT-SWAP","markPx":"171.203","ts":"1785000000420"}"#
        for case .markPrice(let event) in try Self.events("mark-price", data) {
            #expect(event.mark == DecimalValue("171.203") && !event.index.isGiven)
            #expect(event.eventTime.microseconds == 1_785_000_000_420_000)
        }
    }

    @Test("The index that came last stands beside the mark price of its swap, unless it is old")
    func index() throws {
        var rig = OKXRig(
            .swap,
            [
                "mark-price:SOL-USDT-SWAP", "index-tickers:SOL-USDT", "mark-price:SOL-USD-SWAP",
                "index-tickers:SOL-USD",
            ])
        func mark(_ symbol: String, _ seconds: Int) -> String {
            OKXText.frame("mark-price", symbol, #"{"instId":"\#(symbol)","markPx":"5","ts":"\#(seconds)000"}"#)
        }
        func index(in rig: borrowing OKXRig) throws -> DecimalValue {
            guard case .markPrice(let event) = try #require(rig.events.first) else { throw FrameRefusal.unknownEvent }
            return event.index
        }
        _ = try rig.decode(
            OKXText.frame(
                "index-tickers", "SOL-USDT",
                #"{"instId":"SOL-USDT","idxPx":"171.1","high24h":"1","sodUtc0":"","ts":"1785000000000"}"#))
        #expect(rig.events.isEmpty && rig.decoder.frames(ofStream: 1) == 1)
        _ = try rig.decode(mark("SOL-USDT-SWAP", 1_785_000_120))
        let paired = try index(in: rig)
        #expect(paired == DecimalValue("171.1"))
        _ = try rig.decode(mark("SOL-USD-SWAP", 1_785_000_001))
        let other = try index(in: rig)
        #expect(!other.isGiven)
        _ = try rig.decode(mark("SOL-USDT-SWAP", 1_785_000_121))
        let old = try index(in: rig)
        #expect(!old.isGiven)
    }

    @Test("A funding rate has its own interval, and no rate for the time after")
    func funding() throws {
        let data =
            #"{"fundingRate":"0.0000696250123","fundingTime":"1785009600000","instId":"SOL-USDT-SWAP","instType":"SWAP","method":"current_period","maxFundingRate":"0.00375","minFundingRate":"-0.00375","nextFundingRate":"","nextFundingTime":"1785024000000","premium":"0.0001","settFundingRate":"-0.00012","settState":"settled","ts":"1785000000420"}"#
        for case .fundingRate(let event) in try Self.events("funding-rate", data) {
            #expect(event.rate == DecimalValue("0.0000696250123") && event.settledRate == DecimalValue("-0.00012"))
            #expect(event.intervalMicroseconds == 4 * 3_600_000_000 && event.accrual == .periodic)
            #expect(event.fundingTime.microseconds == 1_785_009_600_000_000)
            #expect(event.eventTime.microseconds == 1_785_000_000_420_000)
        }
        for absent in [
            #""nextFundingTime":"","#, #""nextFundingTime":null,"#, "", #""nextFundingTime":"1785009600000","#,
        ] {
            let bare =
                #"{"fundingRate":"1e-4","fundingTime":"1785009600000","instId":"SOL-USDT-SWAP",\#(absent)"settFundingRate":"","ts":"1"}"#
            for case .fundingRate(let event) in try Self.events("funding-rate", bare) {
                #expect(event.intervalMicroseconds == 0 && !event.settledRate.isGiven)
                #expect(event.rate == DecimalValue("0.0001"))
            }
        }
    }

    @Test("Open interest is counted in contracts, in the base asset and in dollars")
    func openInterest() throws {
        let data =
            #"{"instId":"SOL-USDT-SWAP","instType":"SWAP","oi":"2125419.0","oiCcy":"21254.19","oiUsd":"3638756.123456789","ts":"1785000000420"}"#
        for case .openInterest(let event) in try Self.events("open-interest", data) {
            #expect(event.amount == DecimalValue("2125419") && event.baseAmount == DecimalValue("21254.19"))
            #expect(event.valueUSD == DecimalValue("3638756.123456789"))
            #expect(event.eventTime.microseconds == 1_785_000_000_420_000)
        }
        // 2022: no dollars.
        for case .openInterest(let event) in try Self.events(
            "open-interest", #"{"instId":"SOL-USDT-SWAP","oi":"5000","oiCcy":"555.55","ts":"1"}"#)
        {
            #expect(event.amount == DecimalValue("5000") && !event.valueUSD.isGiven)
        }
    }

    @Test(
        "Figures of another symbol, without their number or their time are refused",
        arguments: [
            ("mark-price", "markPx"), ("funding-rate", "fundingRate"), ("open-interest", "oi"),
        ])
    func refused(_ channel: String, _ key: String) {
        var rig = OKXRig(.swap, ["\(channel):\(Self.symbol)"])
        for (data, label) in [
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":"5","ts":"1"}"#, nil),
            (#"{"instId":"SOL-USD-SWAP","\#(key)":"5","ts":"1"}"#, "mismatch"),
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":"5"}"#, "missing_field"),
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":"","ts":"1"}"#, "missing_field"),
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":5,"ts":"1"}"#, "missing_field"),
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":"0x5","ts":"1"}"#, "missing_field"),
            (#"{"instId":"SOL-USDT-SWAP","\#(key)":"5","ts":"-1"}"#, "json"),
            (#"{"instId":7,"\#(key)":"5","ts":"1"}"#, "json"),
        ] as [(String, String?)] {
            let refusal = rig.refusal(of: OKXText.frame(channel, Self.symbol, data))
            #expect(refusal == label, "\(data)")
        }
    }

    // MARK: Liquidations

    private static func liquidations(_ rig: borrowing OKXRig) -> [Liquidation] {
        rig.events.compactMap { event in if case .liquidation(let liquidation) = event { liquidation } else { nil } }
    }

    @Test("Every liquidation of a known instrument is read, others are passed over")
    func liquidations() throws {
        let detail =
            #"{"side":"sell","posSide":"long","bkPx":"166.02","sz":"41","bkLoss":"0","ccy":"","ts":"1785000000420"}"#
        let net = #"{"ts":"1785000000421","sz":"0.5","bkPx":"1","posSide":"net","side":"buy"}"#
        let ours =
            #"{"instId":"SOL-USDT-SWAP","instFamily":"SOL-USDT","instType":"SWAP","details":[\#(detail),\#(net),\#(detail)]}"#
        let late = #"{"details":[\#(detail)],"instId":"BTC-USD-SWAP","uly":"BTC-USD"}"#
        let other = #"{"instId":"XRP-USDT-SWAP","details":[{"side":5}]}"#
        let texts = OKXText.variants(
            arg: #"{"channel":"liquidation-orders","instType":"SWAP"}"#, action: nil, data: "[\(ours),\(other),\(late)]"
        )
        for text in texts {
            var rig = OKXRig(.swap, ["trades:BTC-USD-SWAP", "liquidation-orders:SWAP", "trades:SOL-USDT-SWAP"])
            _ = try rig.decode(text)
            let all = Self.liquidations(rig)
            #expect(all.map(\.instrument.index) == [1, 1, 1, 0])
            #expect(all.map(\.position) == [.long, .short, .long, .long])
            #expect(all.map(\.ordinal) == [0, 0, 1, 0])
            let first = try #require(all.first)
            #expect(first.price == DecimalValue("166.02") && first.size == DecimalValue("41"))
            #expect(first.priceKind == .bankruptcy && first.isSampled && first.id.count == 0)
            #expect(first.eventTime.microseconds == 1_785_000_000_420_000)
            #expect(rig.decoder.frames(ofStream: 1) == 1)
        }
    }

    @Test(
        "Whose position it was follows from its side, or from that of the order",
        arguments: [
            (#""side":"sell","posSide":"short""#, Liquidation.Position.short),
            (#""side":"buy","posSide":"long""#, .long),
            (#""side":"sell","posSide":"net""#, .long), (#""side":"buy","posSide":"net""#, .short),
            (#""side":"buy","posSide":"""#, .short), (#""side":"sell""#, .long),
            (#""side":"hold","posSide":"net""#, nil),
            (#""side":"sell","posSide":"both""#, nil), (#""posSide":"net""#, nil),
        ])
    func position(_ sides: String, _ expected: Liquidation.Position?) {
        var rig = OKXRig(.swap, ["trades:SOL-USDT-SWAP", "liquidation-orders:SWAP"])
        let refusal = rig.refusal(
            of:
                #"{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"instId":"SOL-USDT-SWAP","details":[{\#(sides),"bkPx":"1","sz":"2","ts":"3"}]}]}"#
        )
        #expect(refusal == (expected == nil ? "missing_field" : nil))
        if let expected { #expect(Self.liquidations(rig).map(\.position) == [expected]) }
    }
}
