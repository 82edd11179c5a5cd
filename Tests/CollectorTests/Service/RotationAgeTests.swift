import Testing

@testable import Collector

@Suite("The age at which a connection is replaced")
struct RotationAgeTests {
    private static let day: Int64 = 86_400_000_000

    @Test("No connection gets older than the limit, none is replaced much earlier")
    func bounds() {
        for slot in [UInt32.min, 1, 7, 1_000, .max - 1, .max] {
            let age = RotationAge.microseconds(of: slot, limit: Self.day)
            #expect(age <= Self.day && age > Self.day / 5 * 4 - 1)
        }
        #expect(RotationAge.microseconds(of: 3, limit: .max) > 0)
        #expect(RotationAge.microseconds(of: 9, limit: 0) == 0)
    }

    @Test("Connections that open together are replaced one after the other", arguments: [2, 5, 20, 100, 300])
    func spread(_ count: Int) {
        let ages = (0..<count).map { RotationAge.microseconds(of: UInt32($0), limit: Self.day) }.sorted()
        let even = Self.day / 5 / Int64(count)
        for (age, next) in zip(ages, ages.dropFirst()) { #expect(next - age > even / 3) }
    }
}
