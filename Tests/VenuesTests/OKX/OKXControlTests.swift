import MarketModel
import Testing
import Venues

@Suite("OKX control frames and streams")
struct OKXControlTests {
    @Test(
        "Frames that speak to the connection are told apart",
        arguments: [
            ("pong", VenueControl.alive),
            (
                #"{"id":"7","event":"subscribe","arg":{"channel":"trades","instId":"SOL-USDT"},"connId":"5c1d09aa"}"#,
                .acknowledged(id: 7, streams: [1])
            ),
            (
                #"{"connId":"5c1d09aa","arg":{"instId":"SOL-USDT","channel":"books"},"event":"unsubscribe","id":"18"}"#,
                .acknowledged(id: 18, streams: [0])
            ),
            (
                #"{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SPOT"}}"#,
                .acknowledged(id: nil, streams: [2])
            ),
            (
                #"{"id":"7","event":"subscribe","arg":{"channel":"tickers","instId":"SOL-USDT"},"connId":"5c1d09aa"}"#,
                .acknowledged(id: 7, streams: [])
            ),
            (
                #"{"id":"8","event":"error","code":"60018","msg":"Wrong URL or channel:candle1m,instId:X doesn't exist.","connId":"a"}"#,
                .refused(id: 8, stream: nil, code: 60_018)
            ),
            (
                #"{"event":"error","msg":"Illegal request","code":"60012"}"#,
                .refused(id: nil, stream: nil, code: 60_012)
            ),
            (#"{"event":"error"}"#, .refused(id: nil, stream: nil, code: 0)),
            (#"{"event":"notice","code":"64008","msg":"upgrade","connId":"a4d3ae55"}"#, .shutdown),
            (#"{"event":"notice","code":"1","msg":""}"#, .alive),
            (#"{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}"#, .alive),
            (#"{"event":"channel-conn-count-error","channel":"orders","connCount":"20","connId":"a"}"#, .alive),
            (
                #"{"arg":{"channel":"instruments","instType":"SPOT"},"data":[{"instType":"SPOT","instId":"A-B"}]}"#,
                .instrumentsChanged
            ),
        ])
    func control(_ text: String, _ expected: VenueControl) throws {
        var rig = OKXRig(.spot, ["books:SOL-USDT", "trades:SOL-USDT", "liquidation-orders:SPOT", "instruments:SPOT"])
        let control = try rig.decode(text)
        #expect(control == expected)
        #expect(rig.events.isEmpty)
    }

    @Test("A stream that was given up is refused and can be taken up again under a new place")
    func givenUp() throws {
        var rig = OKXRig(.spot, ["trades:SOL-USDT"])
        let text = OKXText.frame("trades", "SOL-USDT", "")
        rig.decoder.removeStream(at: 0)
        let refusal = rig.refusal(of: text)
        #expect(refusal == "unknown_stream")
        let place = rig.add("trades:SOL-USDT")
        #expect(place == 1)
        _ = try rig.decode(text)
        #expect(rig.decoder.frames(ofStream: 1) == 1 && rig.decoder.frames(ofStream: 0) == 0)
    }

    @Test(
        "Streams that are none, or known already, get no place",
        arguments: [
            ("books:A-B", "A-B", true, true), ("books:A-B", "A-C", true, false), ("books", "books", true, false),
            ("tickers:A-B", "A-B", true, false), ("books:", "", true, false), (#"books:A"B"#, #"A"B"#, true, false),
            ("candle1m:A-B", "A-B", true, true), ("candle8H:A-B", "A-B", true, false),
            ("instruments:SWAP", nil, false, true), ("instruments:SPOT", nil, false, false),
            ("instruments:SWAP", nil, true, false), ("books:A-B", "A-B", false, false),
            ("books:A-B", nil, false, false),
            ("index-tickers:A-B", "A-B-SWAP", true, true), ("index-tickers:A-B", "A-C-SWAP", true, false),
        ])
    func places(_ name: String, _ symbol: String?, _ hasInstrument: Bool, _ isTaken: Bool) {
        var decoder = OKXDecoder(segment: .swap)
        let stream = VenueStream(name, symbol: symbol, types: [], route: VenueRoute("", paths: []))
        let first = decoder.addStream(stream, of: hasInstrument ? InstrumentID(0) : nil)
        #expect(first == (isTaken ? 0 : nil))
        let second = decoder.addStream(stream, of: hasInstrument ? InstrumentID(0) : nil)
        #expect(second == nil)
    }

    @Test("Hundreds of streams keep their own counts")
    func many() throws {
        var rig = OKXRig(.spot, (0..<300).map { "trades:C\($0)-USDT" })
        for number in [0, 16, 299] { _ = try rig.decode(OKXText.frame("trades", "C\(number)-USDT", "")) }
        let counts = (0..<300).map { rig.decoder.frames(ofStream: $0) }
        #expect(counts.reduce(0, +) == 3 && counts[0] == 1 && counts[16] == 1 && counts[299] == 1)
    }
}
