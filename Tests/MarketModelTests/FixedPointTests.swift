import MarketModel
import Testing

@Suite("Exact decimals")
struct FixedPointTests {
    static let tooLarge: [(String, UInt8)] = [
        ("9223372036854775807", 0), ("1000000000000000001", 0), ("99999999999", 8),
        ("1" + String(repeating: "0", count: 60), 0),
    ]

    @Test(
        "A venue's text becomes a mantissa at the scale",
        arguments: [
            ("61737.63000000", UInt8(2), Int64(6_173_763)), ("0.00000000", 8, 0), ("0.00001", 5, 1), ("7", 3, 7_000),
            ("-1.5", 1, -15), ("000012.50", 2, 1_250), ("999999999999999999", 0, 999_999_999_999_999_999),
            ("1234567890123.00000000", 0, 1_234_567_890_123), ("1.0000000000000000000000000", 1, 10),
        ])
    func parses(_ text: String, _ scale: UInt8, _ mantissa: Int64) throws {
        #expect(try FixedPoint.parse(text, scale: scale) == mantissa)
    }

    @Test(
        "Text that is no plain decimal is malformed",
        arguments: ["", "-", ".5", "5.", "1.2.3", "1e5", "abc", "+1", " 1", "1 "])
    func malformed(_ text: String) {
        #expect(throws: DecimalTextError.malformed) { try FixedPoint.parse(text, scale: 2) }
    }

    @Test("More digits than the scale name the scale that would do")
    func tooPrecise() {
        #expect(throws: DecimalTextError.tooPrecise(needed: 4)) { try FixedPoint.parse("1.234500", scale: 2) }
        #expect(throws: DecimalTextError.overflow) { try FixedPoint.parse("0.1234567890123456789", scale: 2) }
    }

    @Test("A value past 10^18 overflows instead of wrapping around", arguments: Self.tooLarge)
    func overflow(_ text: String, _ scale: UInt8) {
        #expect(throws: DecimalTextError.overflow) { try FixedPoint.parse(text, scale: scale) }
    }

    @Test("Written text is canonical, and reads back as the same value")
    func roundTrip() throws {
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let digits = Int(state >> 60) + 1
            let scale = UInt8((state >> 40) % 19)
            var mantissa = Int64(state >> 4) % FixedPoint.powerOfTen(UInt8(digits))
            if state & 1 == 1 { mantissa = -mantissa }
            let text = FixedPoint.text(mantissa, scale: scale)
            #expect(text == Self.reference(mantissa, scale))
            #expect(try FixedPoint.parse(text, scale: scale) == mantissa)
        }
    }

    /// The same text made the slow way.
    private static func reference(_ mantissa: Int64, _ scale: UInt8) -> String {
        if mantissa == 0 { return "0" }
        var digits = String(mantissa.magnitude)
        if scale > 0 {
            while digits.count <= Int(scale) { digits = "0" + digits }
            let point = digits.index(digits.endIndex, offsetBy: -Int(scale))
            var fraction = String(digits[point...])
            while fraction.hasSuffix("0") { fraction.removeLast() }
            digits = String(digits[..<point]) + (fraction.isEmpty ? "" : "." + fraction)
        }
        return mantissa < 0 ? "-" + digits : digits
    }
}
