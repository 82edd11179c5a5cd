import Foundation
import MarketModel
import Testing
import Venues

@Suite("OKX decoder: books, quotes, trades")
struct OKXDecoderTests {
    private static let asks = #"[["171.21","350","0","9"],["171.25","1.5","0","1"]]"#
    private static let bids = #"[["171.20","122.4","0","4"]]"#

    private static func depth(_ rig: borrowing OKXRig) throws -> DepthUpdate {
        guard case .depth(let update) = try #require(rig.events.first), rig.events.count == 1 else {
            throw FrameRefusal.unknownEvent
        }
        return update
    }

    @Test("A snapshot of a book starts it, whatever the order of the keys")
    func snapshot() throws {
        let data =
            #"[{"asks":\#(Self.asks),"bids":\#(Self.bids),"ts":"1785000000101","checksum":0,"prevSeqId":-1,"seqId":880010}]"#
        let reordered =
            #"[{"seqId" : 880010 , "new":[{}], "ts":"1785000000101", "bids" : [ ["171.20" , "122.4","0","4"] ],"asks":\#(Self.asks)}]"#
        let texts =
            OKXText.variants(arg: #"{"channel":"books","instId":"SOL-USDT-SWAP"}"#, action: "snapshot", data: data)
            + OKXText.variants(
                arg: #"{"channel":"books","instId":"SOL-USDT-SWAP"}"#, action: "snapshot", data: reordered)
        for text in texts {
            var rig = OKXRig(.swap, ["trades:BTC-USDT-SWAP", "books:SOL-USDT-SWAP"])
            #expect(try rig.decode(text) == nil)
            let update = try Self.depth(rig)
            #expect(!update.checksum.isGiven)
            #expect(update.kind == .reset && update.last == 880_010 && update.instrument == InstrumentID(1))
            #expect(update.eventTime.microseconds == 1_785_000_000_101_000 && update.receivedMicroseconds == 7)
            #expect(rig.levels(update.asks) == [Level(price: 17_121, size: 3_500), Level(price: 17_125, size: 15)])
            #expect(rig.levels(update.bids) == [Level(price: 17_120, size: 1_224)])
            #expect(rig.decoder.frames(ofStream: 1) == 1 && rig.decoder.frames(ofStream: 0) == 0)
        }
    }

    @Test(
        "Changes are linked by their ids, which skip, stand still and start over",
        arguments: [
            (UInt64(880_010), UInt64(880_017)), (880_017, 880_017), (880_017, 3),
        ])
    func changes(_ previous: UInt64, _ last: UInt64) throws {
        var rig = OKXRig(.swap, ["books:SOL-USDT-SWAP"])
        _ = try rig.decode(
            #"{"arg":{"channel":"books","instId":"SOL-USDT-SWAP"},"action":"update","data":[{"asks":[["171.21","0","0","0"]],"bids":[],"ts":"1785000000201","checksum":0,"prevSeqId":\#(previous),"seqId":\#(last)}]}"#
        )
        let update = try Self.depth(rig)
        #expect(update.kind == .delta && update.before == previous && update.last == last)
        #expect(rig.levels(update.asks) == [Level(price: 17_121, size: 0)] && update.bids.isEmpty)
    }

    @Test("A checksum of 0 is compared with nothing")
    func noChecksum() throws {
        var rig = OKXRig(.swap, ["books:SOL-USDT-SWAP"])
        _ = try rig.decode(
            #"{"arg":{"channel":"books","instId":"SOL-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1785000000201","checksum":0,"prevSeqId":5,"seqId":6}]}"#
        )
        let update = try Self.depth(rig)
        #expect(!update.checksum.isGiven)
    }

    @Test("Books of 2022, which have checksums instead of ids, are counted")
    func counted() throws {
        var rig = OKXRig(.spot, ["books:BTC-USDT", "books:ETH-USDT"])
        let update = try OKXText.fixture("spot-books-update")
        let snapshot = update.replacing(#""action":"update""#, with: #""action":"snapshot""#)
        _ = try rig.decode(snapshot)
        let first = try Self.depth(rig)
        #expect(first.kind == .reset && first.last == 1)
        #expect(first.checksum == BookChecksum(-652_563_973, scales: DecimalScales(price: 1, size: 8)))
        for number in UInt64(1)...3 {
            _ = try rig.decode(update)
            let next = try Self.depth(rig)
            #expect(next.kind == .delta && next.before == number && next.last == number + 1)
        }
        _ = try rig.decode(snapshot)
        let again = try Self.depth(rig)
        #expect(again.kind == .reset && again.last == 5)
        // Neither id nor checksum: nothing tells whether something was lost.
        let bare = try #require(update.firstRange(of: #","checksum":"#)).lowerBound
        #expect(rig.refusal(of: String(update[..<bare]) + "}]}") == "missing_field")
    }

    @Test(
        "A book's frame without what drives its state is refused",
        arguments: [
            (#""prevSeqId":5,"#, ""), (#""prevSeqId":5"#, #""prevSeqId":-1"#), (#""seqId":9"#, #""seqId":-9"#),
            (#""asks":[],"#, ""), (#""bids":[],"#, ""), (#""ts":"1785000000201","#, ""), (#","action":"update""#, ""),
            (#"[],"bids""#, #"[["1","-2","0","1"]],"bids""#), (#"[],"bids""#, #"[["x","2","0","1"]],"bids""#),
        ])
    func refused(_ part: String, _ replacement: String) {
        let text =
            #"{"arg":{"channel":"books","instId":"SOL-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1785000000201","checksum":0,"prevSeqId":5,"seqId":9}]}"#
        var rig = OKXRig(.spot, ["books:SOL-USDT"])
        let whole = rig.refusal(of: text)
        #expect(whole == nil && text.contains(part))
        let without = rig.refusal(of: text.replacing(part, with: replacement))
        #expect(without == "missing_field")
        #expect(rig.decoder.frames(ofStream: 0) == 1)
    }

    @Test("An action that nobody knows is refused, and so is a value of another type")
    func wrongTypes() {
        let head = #"{"arg":{"channel":"books","instId":"SOL-USDT"},"action":"#
        let tail = #""data":[{"asks":[],"bids":[],"ts":"1785000000201","checksum":0,"prevSeqId":5,"seqId":9}]}"#
        var rig = OKXRig(.spot, ["books:SOL-USDT"])
        let unknown = rig.refusal(of: head + #""rebuild","# + tail)
        #expect(unknown == "unknown_event")
        for (part, other) in [
            ("9}", #""9"}"#), (#""1785000000201""#, "1785000000201"), (#""asks":[]"#, #""asks":{}"#),
            (#""checksum":0"#, #""checksum":4294967296"#), ("[{", "{"), ("9}]}", "9}]"), ("5,", "5.5,"),
        ] {
            let label = rig.refusal(of: head + #""update","# + tail.replacing(part, with: other))
            #expect(label == "json", "\(part) as \(other)")
        }
    }

    @Test("The best bid and ask carry the book's id; a side may be empty")
    func bestOffer() throws {
        var rig = OKXRig(.swap, ["bbo-tbt:BCH-USDT-SWAP"])
        let data =
            #"[{"asks":[["111.06","55154","0","2"]],"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]"#
        let texts =
            OKXText.variants(arg: #"{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"}"#, action: nil, data: data)
            + [OKXText.frame("bbo-tbt", "BCH-USDT-SWAP", String(data.dropFirst().dropLast()))]
        for text in texts {
            _ = try rig.decode(text)
            guard case .bestBidOffer(let offer) = try #require(rig.events.first) else {
                Issue.record("no offer")
                return
            }
            #expect(offer.bid == Level(price: 11_105, size: 57_745) && offer.ask == Level(price: 11_106, size: 55_154))
            #expect(offer.sequence == 363_996_337 && offer.eventTime.microseconds == 1_670_324_386_802_000)
        }
        _ = try rig.decode(OKXText.frame("bbo-tbt", "BCH-USDT-SWAP", #"{"asks":[],"bids":[["1","2"]],"ts":"1"}"#))
        guard case .bestBidOffer(let offer) = try #require(rig.events.first) else { return }
        #expect(offer.ask == Level(price: 0, size: 0) && offer.bid.size == 2 && offer.sequence == 0)
    }

    @Test("A trade says how many it is made of, and every one of a frame is read")
    func trades() throws {
        let one =
            #"{"instId":"SOL-USDT","tradeId":"52010044","px":"171.19","sz":"3.25","side":"sell","ts":"1785000000311","count":"2","source":"0","seqId":880031}"#
        let two =
            #"{ "source":"1","count":"1", "ts":"1785000000312","side":"buy","sz":"1","px":"171.2","tradeId":"52010045","instId":"SOL-USDT","x":{} }"#
        let texts = OKXText.variants(
            arg: #"{"channel":"trades","instId":"SOL-USDT"}"#, action: nil, data: "[\(one),\(two)]")
        for text in texts {
            var rig = OKXRig(.spot, ["trades:SOL-USDT"])
            _ = try rig.decode(text)
            let trades = rig.events.compactMap { event -> Trade? in
                if case .trade(let trade) = event { trade } else { nil }
            }
            #expect(trades.count == 2)
            let first = try #require(trades.first)
            let bytes = Array(text.utf8)
            let id = bytes[Int(first.id.offset)..<(Int(first.id.offset) + Int(first.id.count))]
            #expect(String(decoding: id, as: UTF8.self) == "52010044" && first.sequence == 52_010_044)
            #expect(first.isAggregate && first.aggressor == .sell && first.price == 17_119 && first.size == 325)
            #expect(first.eventTime.microseconds == 1_785_000_000_311_000 && first.sentTime == .none)
            #expect(first.firstSequence == 52_010_043 && trades[1].firstSequence == 52_010_045)
            #expect(trades[1].sequence == 52_010_045 && !trades[1].isAggregate && trades[1].aggressor == .buy)
        }
    }

    @Test("A trade whose id is nothing is not counted")
    func zeroID() throws {
        var rig = OKXRig(.spot, ["trades:SOL-USDT"])
        _ = try rig.decode(
            OKXText.frame(
                "trades", "SOL-USDT",
                #"{"instId":"SOL-USDT","tradeId":"0","px":"1","sz":"1","side":"buy","ts":"1"}"#))
        guard case .trade(let trade) = try #require(rig.events.first) else { return }
        #expect(trade.sequence == 0 && trade.firstSequence == 0)
    }

    @Test("A recorded trade of either section is read", arguments: [OKXSegment.spot, .swap])
    func recordedTrade(_ segment: OKXSegment) throws {
        let text = try OKXText.fixture("\(segment.rawValue)-trades")
        let symbol = segment == .spot ? "BTC-USDT" : "UNI-USD-SWAP"
        var rig = OKXRig(segment, ["trades:\(symbol)"])
        _ = try rig.decode(text)
        guard case .trade(let trade) = try #require(rig.events.first) else { return }
        #expect(!trade.isAggregate && trade.sequence > 0)
    }

    @Test(
        "A trade that is none is refused",
        arguments: [
            (#""sell""#, #""none""#, "missing_field"), (#""count":"2""#, #""count":"0""#, "missing_field"),
            (#""count":"2""#, #""count":"52010045""#, "missing_field"), (#""52010044""#, "52010044", "json"),
            (#""instId":"SOL-USDT","tradeId""#, #""instId":"BTC-USDT","tradeId""#, "mismatch"),
            (#""px":"171.19","#, "", "missing_field"), (#""px":"171.19""#, #""px":"171.19x""#, "missing_field"),
            (#""sz":"3.25""#, #""sz":"-3.25""#, "missing_field"),
            (#""sz":"3.25""#, #""sz":"32500000000000000000""#, "value_too_large"),
            (#""tradeId":"52010044""#, #""tradeId":"5201004a""#, "missing_field"),
            (#""data":["#, #""date":["#, "missing_field"), (#""data":["#, #""data":[],"data":["#, "json"),
            (#""channel":"trades""#, #""channel":"trades-all""#, "unknown_stream"),
            (#""arg":{"#, #""args":{"#, "unknown_event"), (#"{"arg""#, #"{"event":"x","arg""#, "unknown_event"),
        ])
    func refusedTrade(_ part: String, _ replacement: String, _ label: String) {
        let text = OKXText.frame(
            "trades", "SOL-USDT",
            #"{"instId":"SOL-USDT","tradeId":"52010044","px":"171.19","sz":"3.25","side":"sell","ts":"1785000000311","count":"2"}"#
        )
        var rig = OKXRig(.spot, ["trades:SOL-USDT"])
        #expect(text.contains(part))
        let refusal = rig.refusal(of: text.replacing(part, with: replacement))
        #expect(refusal == label)
        #expect(rig.decoder.frames(ofStream: 0) == 0)
    }

    @Test(
        "Junk is refused and nothing else happens",
        arguments: [
            "", "{", "[]", "null", "ping", "pon", "pongs", "{}", #"{"arg":5,"data":[]}"#,
            #"{"arg":{"channel":"trades"}}"#,
            #"{"event":"later"}"#, #"{"arg":{"channel":"trades","instId":"SOL-USDT"},"data":[[]]}"#, "\u{0}\u{1}",
            #"{"arg":{"channel":"trades","instId":"SOL-USDT"},"data":[{}],"#,
        ])
    func junk(_ text: String) {
        var rig = OKXRig(.spot, ["trades:SOL-USDT"])
        let refusal = rig.refusal(of: text)
        #expect(refusal != nil && rig.decoder.frames(ofStream: 0) == 0)
    }

    @Test("A frame cut anywhere is refused")
    func truncated() {
        let text =
            #"{"arg":{"channel":"books","instId":"SOL-USDT"},"action":"update","data":[{"asks":[["1.5","2","0","1"]],"bids":[],"ts":"1785000000201","checksum":0,"prevSeqId":5,"seqId":9}]}"#
        var rig = OKXRig(.spot, ["books:SOL-USDT"])
        for count in 0..<text.utf8.count {
            let refusal = rig.refusal(of: String(text.prefix(count)))
            #expect(refusal != nil, "\(count)")
        }
        let whole = rig.refusal(of: text)
        #expect(whole == nil)
    }
}
