import MarketModel
import Testing

@Suite("Writing whole numbers")
struct DecimalWritingTests {
    /// Every number of digits with its neighbours: where one way of writing hands over to the next.
    static let boundaries: [UInt64] = {
        var values: [UInt64] = [0, .max, .max - 1]
        var power: UInt64 = 1
        for _ in 0..<20 {
            values += [power - 1, power, power + 1]
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { break }
            power = next
        }
        return values
    }()

    @Test("A whole number is written as Swift writes it, at every count of digits", arguments: Self.boundaries)
    func digits(_ value: UInt64) {
        var bytes = [UInt8](repeating: 0xAA, count: FixedPoint.textBytesMax)
        let count = bytes.withUnsafeMutableBufferPointer { FixedPoint.writeDigits(value, to: $0.baseAddress!) }
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == String(value))
        #expect(bytes[(count + 8)...].allSatisfy { $0 == 0xAA })
    }

    @Test("Random numbers of all lengths are written as Swift writes them")
    func random() {
        var state: UInt64 = 7
        for _ in 0..<50_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = state >> (state & 63)
            var bytes = [UInt8](repeating: 0, count: FixedPoint.textBytesMax)
            let count = bytes.withUnsafeMutableBufferPointer { FixedPoint.writeDigits(value, to: $0.baseAddress!) }
            #expect(String(decoding: bytes[..<count], as: UTF8.self) == String(value))
        }
    }

    @Test("The least mantissa of 64 bits is written without a trap")
    func least() {
        #expect(FixedPoint.text(.min, scale: 0) == "-9223372036854775808")
        #expect(FixedPoint.text(-1, scale: 8) == "-0.00000001")
    }
}
