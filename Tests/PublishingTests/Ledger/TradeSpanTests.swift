import MarketModel
import Testing

@testable import Publishing

@Suite("The ids that a trade covers, as text")
struct TradeSpanTests {
    private static func ids(_ text: String) -> ClosedRange<UInt64>? {
        Array(text.utf8).withUnsafeBytes { TradeSpan.ids($0) }
    }

    @Test(
        "One id, or the first and the last",
        arguments: [
            ("17", 17...17), ("15-17", 15...17), ("0", 0...0), ("18446744073709551615", UInt64.max...UInt64.max),
        ])
    func read(text: String, ids: ClosedRange<UInt64>) {
        #expect(Self.ids(text) == ids)
    }

    @Test(
        "Anything else is no count of a venue",
        arguments: ["", "-", "1-", "-1", "3-3", "4-3", "1-2-3", "ETH-17", " 1", "18446744073709551616", "1.5"])
    func others(text: String) {
        #expect(Self.ids(text) == nil)
    }

    @Test("What is written is read again", arguments: [(1, 1), (5, 9), (1, UInt64.max), (0, 0)] as [(UInt64, UInt64)])
    func written(first: UInt64, last: UInt64) {
        var bytes = [UInt8](repeating: 0, count: TradeSpan.bytesMax)
        let trade = Trade(
            instrument: InstrumentID(0), id: .empty, sequence: last, firstSequence: first, price: 1, size: 1,
            aggressor: .buy, isAggregate: false, eventTime: .none, sentTime: .none, receivedMicroseconds: 0)
        let (isCounted, count) = bytes.withUnsafeMutableBytes { memory in
            var writer = ByteWriter(memory)
            let isCounted = writer.span(of: trade)
            return (isCounted, writer.count)
        }
        #expect(isCounted == (last != 0))
        #expect(Self.ids(String(decoding: bytes[..<count], as: UTF8.self)) == (last == 0 ? nil : first...last))
    }
}
