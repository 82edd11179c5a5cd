import MarketModel
import Testing

@testable import Collector

@Suite("Frames of a rotation's second socket")
struct KeptFramesTests {
    private static func append(_ texts: [String], to kept: inout KeptFrames) {
        for (index, text) in texts.enumerated() {
            Array(text.utf8).withUnsafeBytes { bytes in
                kept.append(Frame(bytes: bytes, receivedMicroseconds: Int64(index)))
            }
        }
    }

    private static func texts(_ kept: KeptFrames) -> [String] {
        var texts: [String] = []
        kept.forEach { texts.append("\($0.receivedMicroseconds) \(String(decoding: $0.bytes, as: UTF8.self))") }
        return texts
    }

    @Test("They come out as they went in, with the times they were received at")
    func order() {
        var kept = KeptFrames()
        Self.append(["one", "", "three"], to: &kept)
        #expect(Self.texts(kept) == ["0 one", "1 ", "2 three"] && kept.dropped == 0)
        kept.removeAll()
        #expect(Self.texts(kept).isEmpty && kept.count == 0)
        Self.append(["four"], to: &kept)
        #expect(Self.texts(kept) == ["0 four"])
    }

    @Test("Past the limit the oldest go, counted; what is longer than the limit goes alone")
    func limit() {
        var kept = KeptFrames(bytesMost: 10)
        Self.append(["aaaa", "bbbb", "cccc"], to: &kept)
        #expect(Self.texts(kept) == ["1 bbbb", "2 cccc"] && kept.dropped == 1)
        Self.append([String(repeating: "x", count: 11)], to: &kept)
        #expect(Self.texts(kept).isEmpty && kept.dropped == 4)
        for round in 0..<1_000 { Self.append(["\(round)"], to: &kept) }
        #expect(Self.texts(kept).last == "0 999" && UInt64(kept.count) + kept.dropped == 1_004)
        #expect(Self.texts(kept).count >= 1 && Self.texts(kept).count <= 10)
    }
}
