import MarketModel
import TestSupport
import Testing

@Suite("Decimals of any length and exponent")
struct DecimalPartsTests {
    /// The canonical text of a number in a frame, nil for what is none.
    private static func canonical(_ text: String, before: String = "", after: String = "") -> String? {
        let bytes = Array((before + text + after).utf8)
        let start = before.utf8.count
        guard let parts = DecimalParts(bytes.span, start..<(start + text.utf8.count)) else { return nil }
        let most = DecimalParts.textMax(text.utf8.count)
        var out = [UInt8](repeating: 0xAA, count: most + 8)
        let count = out.withUnsafeMutableBufferPointer { parts.write(bytes.span, to: $0.baseAddress!) }
        guard count <= most, out[count...].allSatisfy({ $0 == 0xAA }) else { return "past its bound" }
        return String(decoding: out[..<count], as: UTF8.self)
    }

    private static func value(_ text: String) -> Result<DecimalValue, DecimalTextError> {
        let bytes = Array(text.utf8)
        do throws(DecimalTextError) {
            return .success(try DecimalValue(parsing: bytes.span, at: 0..<bytes.count))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "A number is written without exponent and without zeros that say nothing",
        arguments: [
            ("100", "100"), ("0.00100", "0.001"), ("1e3", "1000"), ("1.5E-7", "0.00000015"), ("-0", "0"),
            ("000.10", "0.1"), ("0", "0"), ("-0.0e9", "0"), ("10.50", "10.5"), ("-12", "-12"), ("1.23e1", "12.3"),
            ("1.23e2", "123"), ("1.23e+03", "1230"), ("120e-1", "12"), ("100.001", "100.001"), ("5e0", "5"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"), ("0007", "7"),
            ("9e-64", "0." + String(repeating: "0", count: 63) + "9"),
            ("1e64", "1" + String(repeating: "0", count: 64)),
        ])
    func canonical(_ text: String, _ expected: String) {
        #expect(Self.canonical(text) == expected)
        #expect(Self.canonical(text, before: "1.5", after: "7e1") == expected, "what stands beside it is no part of it")
    }

    @Test(
        "What is no number is none",
        arguments: [
            "", "-", ".", ".5", "-.5", "5.", "5.e1", "1e", "1e+", "1e-", "e5", "1.2.3", "--1", "+1", " 1", "1 ",
            "1e5.0",
            "1e65", "1e-65", "1e99999999999999999999", "0x1", "NaN", "Infinity", "1,5", "1f3", "1\u{0}", "١",
        ])
    func malformed(_ text: String) {
        #expect(Self.canonical(text) == nil)
        #expect(Self.value(text) == .failure(.malformed))
        #expect(DecimalValue(text) == nil)
    }

    @Test("A place outside the bytes is none")
    func outside() {
        let bytes = Array("12".utf8)
        #expect(DecimalParts(bytes.span, 0..<3) == nil)
        #expect(DecimalParts(bytes.span, -1..<1) == nil)
    }

    @Test("Random numbers of up to sixty digits agree with long division by hand", arguments: 0..<8)
    func random(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<4_000 {
            let sample = SlowNumber.random(using: &random)
            let text = Self.canonical(sample.text)
            guard text == sample.canonical else {
                Issue.record("\(sample.text) is written as \(text ?? "none"), not \(sample.canonical)")
                return
            }
            let value = Self.value(sample.text)
            guard value.map(\.text) == sample.outcome.map({ Optional($0) }) else {
                Issue.record("\(sample.text) is \(value), not \(sample.outcome)")
                return
            }
        }
    }

    @Test("One byte put anywhere into a number never makes the parsers disagree", arguments: 0..<4)
    func mutated(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 100)
        let alphabet = Array("0123456789.eE+-x \"".utf8)
        var accepted = 0
        for _ in 0..<8_000 {
            var bytes = Array(SlowNumber.random(using: &random).text.utf8)
            bytes.insert(alphabet.randomElement(using: &random)!, at: Int.random(in: 0...bytes.count, using: &random))
            let text = String(decoding: bytes, as: UTF8.self)
            let isNumber = SlowNumber.isNumber(text)
            if isNumber { accepted += 1 }
            guard (Self.canonical(text) != nil) == isNumber, (Self.value(text) != .failure(.malformed)) == isNumber
            else {
                Issue.record("\(text) is \(isNumber ? "a number" : "none")")
                return
            }
        }
        #expect(accepted > 1_000 && accepted < 7_000)
    }

    @Test("Equal numbers are equal values, and nothing is no number")
    func values() {
        #expect(DecimalValue("1.50") == DecimalValue("15e-1") && DecimalValue("-0") == .zero)
        #expect(DecimalValue(1_500, scale: 3) == DecimalValue("1.5") && DecimalValue(0, scale: 7) == .zero)
        #expect(DecimalValue.none.text == nil && !DecimalValue.none.isGiven && DecimalValue.none != .zero)
        #expect(DecimalValue("-1.5")?.magnitude == DecimalValue("1.5") && DecimalValue("-1.5")?.signum == -1)
        #expect(DecimalValue(.min, scale: 0).magnitude.mantissa == .min, "it does not trap")
    }

    @Test("What does not fit says why")
    func limits() {
        #expect(Self.value("1e18").map(\.text) == .success("1000000000000000000"))
        #expect(Self.value("-1000000000000000000").map(\.text) == .success("-1000000000000000000"))
        #expect(Self.value("1000000000000000001") == .failure(.overflow))
        #expect(Self.value("1e19") == .failure(.overflow))
        #expect(Self.value("1e-18").map(\.text) == .success("0.000000000000000001"))
        #expect(Self.value("1e-19") == .failure(.tooPrecise(needed: 19)))
    }

    // MARK: - Cut

    @Test(
        "A number that is cut keeps what stands up to its 18th fraction digit, and is else the same",
        arguments: [
            ("-0.00009234260068476106", "-0.000092342600684761"), ("-4.739622041017375e-7", "-0.000000473962204101"),
            ("0.0000000000000000019", "0.000000000000000001"), ("9e-19", "0"), ("-9.9e-60", "0"),
            ("1.5e-18", "0.000000000000000001"),
            ("0.5", "0.5"), ("-12", "-12"), ("1e3", "1000"), ("0", "0"), ("10.50", "10.5"),
        ])
    func cut(_ text: String, _ expected: String) throws {
        let bytes = Array(text.utf8)
        #expect(try DecimalValue(cutting: bytes.span, at: 0..<bytes.count).text == expected)
    }

    @Test(
        "What does not fit or is none is refused by a cut as well",
        arguments: [("1e19", DecimalTextError.overflow), ("1.1234567890123456789", .overflow), ("x", .malformed)])
    func uncut(_ text: String, _ error: DecimalTextError) {
        let bytes = Array(text.utf8)
        #expect(throws: error) { try DecimalValue(cutting: bytes.span, at: 0..<bytes.count) }
    }
}
