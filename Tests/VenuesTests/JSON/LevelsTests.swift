import MarketModel
import Testing

@testable import Venues

@Suite("Lists of levels")
struct LevelsTests {
    private struct Outcome: Equatable {
        var levels: [Level] = []
        var end = 0
        var isRefused = false
    }

    private static func read(_ text: String, _ scales: DecimalScales) -> Outcome {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        var buffer = LevelBuffer()
        var outcome = Outcome()
        do throws(LevelsError) {
            let run = try reader.levels(into: &buffer, scales: scales)
            outcome.levels = run.indices.map { buffer[$0] }
            outcome.end = reader.index
        } catch {
            outcome.isRefused = true
        }
        return outcome
    }

    @Test(
        "Usual and unusual forms of the same levels give the same",
        arguments: [
            #"[["61737.63","0.10000000"],["61737.50000000","12"]]"#,
            #"[ ["61737.63000000" , "0.1"] , ["61737.5","12.000"] ]"#,
            #"[["61737.63","0.1",[]],["61737.5","12"]]"#,
            #"[["61737.63","0.1","0","15"],["61737.5","12","0","1"]]"#,
            #"[["61737.63","0.1","0","15"],["61737.5","12","0" ,"x",7]]"#,
            #"[["061737.63","0.100"],["61737.50","12.00000000000000000000"]]"#,
        ])
    func forms(_ text: String) {
        let outcome = Self.read(text, DecimalScales(price: 2, size: 3))
        #expect(outcome.levels == [Level(price: 6_173_763, size: 100), Level(price: 6_173_750, size: 12_000)])
        #expect(outcome.end == text.utf8.count)
    }

    @Test("An empty list is no levels")
    func empty() {
        #expect(Self.read("[]", DecimalScales()) == Outcome(levels: [], end: 2))
    }

    @Test(
        "What is no list of levels is refused",
        arguments: [
            "", "[", "[[", #"[["1"]]"#, #"[["1","2"]"#, #"[["1","2"],]"#, #"[["1","-2"]]"#, #"[["1.234","2"]]"#,
            #"[["x","2"]]"#, #"[["1","2",]]"#, #"[["1","2","0]]"#, #"[["1","2","0""4"]]"#, #"[["1","2","0","4"}]"#,
            #"[["1","2"}]"#, #"[["1e5","2"]]"#, #"[["","2"]]"#, #"[["1.","2"]]"#, #"[["99999999999999999999","2"]]"#,
        ])
    func refused(_ text: String) {
        #expect(Self.read(text, DecimalScales(price: 2, size: 3)).isRefused)
        #expect(Self.read(text + "                ", DecimalScales(price: 2, size: 3)).isRefused)
    }

    @Test("Levels with whole numbers behind their size are read in steps of eight bytes to the end")
    func plainRest() {
        for text in [#"[["1.5","2"]]"#, #"[["1.5","2","0","15"]]"#, #"[["1.5","2","","15"],["1.4","0","0","0"]]"#] {
            var buffer = LevelBuffer()
            // More of the frame follows.
            let stop = Array((text + #","ts":"1"}"#).utf8).withUnsafeBufferPointer {
                PlainLevels.read($0, from: 1, into: &buffer, scales: DecimalScales(price: 1, size: 0))
            }
            #expect(stop.isAtEnd && stop.index == text.utf8.count && buffer[0] == Level(price: 15, size: 2))
        }
    }

    @Test("Every level of random lists is exact, at every pair of scales", arguments: UInt8(0)...9)
    func random(_ scale: UInt8) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let scales = DecimalScales(price: scale, size: UInt8.random(in: 0...9, using: &generator))
            var levels: [Level] = []
            var parts: [String] = []
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let digits = UInt8.random(in: 0...15, using: &generator)
                let level = Level(
                    price: Int64.random(in: 0...FixedPoint.powerOfTen(digits), using: &generator),
                    size: Int64.random(in: 0...FixedPoint.powerOfTen(digits), using: &generator))
                levels.append(level)
                let pad = Bool.random(using: &generator)
                parts.append(
                    "[\"\(Self.text(level.price, scales.price, pad))\",\"\(Self.text(level.size, scales.size, pad))\"]")
            }
            let text = "[" + parts.joined(separator: ",") + "]"
            #expect(Self.read(text, scales) == Outcome(levels: levels, end: text.utf8.count), "\(text)")
        }
    }

    /// A mantissa as text, with zeros behind it as venues send them.
    private static func text(_ mantissa: Int64, _ scale: UInt8, _ isPadded: Bool) -> String {
        var text = FixedPoint.text(mantissa, scale: scale)
        guard isPadded else { return text }
        if !text.contains(".") { text += "." }
        let digits = text.split(separator: ".", omittingEmptySubsequences: false)[1].count
        return text + String(repeating: "0", count: max(0, 8 - digits) + (digits == 0 && scale > 8 ? 1 : 0))
    }

    @Test("Cutting a list anywhere is refused, whatever bytes stood behind it in memory")
    func cut() {
        let text = #"[["61737.63000000","0.10000000"],["61737.50000000","12.00000000"],["1","2","0","15"],["1","2"]]"#
        for count in 0..<text.utf8.count {
            let head = String(decoding: Array(text.utf8).prefix(count), as: UTF8.self)
            #expect(Self.read(head, DecimalScales(price: 2, size: 3)).isRefused, "\(head)")
        }
    }

    @Test("Any byte changed gives an error or plain levels, never a trap")
    func damaged() {
        var generator = SystemRandomNumberGenerator()
        let text = Array(#"[["61737.63000000","0.10000000"],["61737.50000000","12.00000000","0","15"],["1","2"]]"#.utf8)
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let outcome = Self.read(String(decoding: bytes, as: UTF8.self), DecimalScales(price: 2, size: 3))
            #expect(outcome.levels.allSatisfy { $0.size >= 0 })
        }
    }
}
