import MarketModel
import Testing

@testable import Venues

@Suite("Reading bare numbers")
struct JSONNumberTests {
    /// The mantissa at a scale and what follows the number, or the refusal.
    private static func decimal(_ text: String, scale: UInt8) -> Result<Int64, DecimalTextError> {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        do throws(DecimalTextError) {
            let value = try reader.bareDecimal(scale: scale)
            #expect(reader.index < bytes.count && ",]} \n".utf8.contains(bytes[reader.index]), "\(text)")
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "A number is exact at a scale that holds it, whatever its form",
        arguments: [
            ("84210.5", 1, 842_105), ("84210.5", 2, 8_421_050), ("0.0", 0, 0), ("-0.0", 4, 0), ("25340", 0, 25_340),
            ("1e-05", 5, 1), ("1.0e-5", 5, 1), ("1.5E-7", 8, 15), ("1.5e3", 0, 1_500), ("2E+2", 2, 20_000),
            ("-3.4e-6", 7, -34), ("0e10", 0, 0), ("1.23456789e8", 0, 123_456_789), ("0.00000001", 8, 1),
            ("1000000000000000000", 0, 1_000_000_000_000_000_000), ("12.50000000000000000000", 1, 125),
        ])
    func exact(_ text: String, _ scale: UInt8, _ mantissa: Int64) {
        for end in [",", "]", "}", " ", "\n"] {
            #expect(Self.decimal(text + end, scale: scale) == .success(mantissa))
        }
    }

    @Test(
        "A number with more digits than the scale says how many it needs",
        arguments: [("84210.55", 1, 2), ("1e-05", 4, 5), ("1.5e-7", 0, 8), ("12.345e1", 1, 2), ("0.1", 0, 1)])
    func needs(_ text: String, _ scale: UInt8, _ needed: UInt8) {
        #expect(Self.decimal(text + ",", scale: scale) == .failure(.tooPrecise(needed: needed)))
    }

    @Test(
        "A number that no scale or 64 bits hold overflows",
        arguments: ["1e-19", "1e19", "10000000000000000000", "1.5e40", "0.00000000000000000001"])
    func overflows(_ text: String) {
        #expect(Self.decimal(text + ",", scale: 0) == .failure(.overflow))
    }

    @Test(
        "What is no number, or does not end, is malformed",
        arguments: [
            ",", "\"1\",", "null,", "-,", "1.,", ".5,", "1.5.2,", "1e,", "1e-,", "e5,", "1x,", "0x10,", "1", "1.5",
            "1e5", "--1,", "+1,", "1e5.5,", "nan,", "",
        ])
    func malformed(_ text: String) {
        #expect(Self.decimal(text, scale: 4) == .failure(.malformed))
    }

    @Test("A value has a scale of its own, null gives nothing, and text gives an error")
    func values() throws {
        func value(_ text: String) throws -> DecimalValue {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            return try reader.bareValueOrNull()
        }
        #expect(try value("84207.110,") == DecimalValue(8_420_711, scale: 2))
        #expect(try value(" 1e-7}").text == "0.0000001")
        #expect(try !value("null,").isGiven)
        for text in ["\"1\",", "true,", "nul,", "1e-30,", "1", "{},", ""] {
            #expect(throws: JSONError.self, "\(text)") { try value(text) }
        }
    }

    @Test("The text of a number stands as it was sent, however long")
    func texts() throws {
        for text in ["1.0", "-5e-1", "123456789012345678901234567890.12"] {
            let bytes = Array((text + "]").utf8)
            var reader = JSONReader(bytes.span)
            #expect(try reader.number() == 0..<text.utf8.count)
        }
    }
}
