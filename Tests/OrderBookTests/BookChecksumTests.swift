import MarketModel
import OrderBook
import Testing

@Suite("Checksums of books")
struct BookChecksumTests {
    private static let scales = DecimalScales(price: 1, size: 2)
    // 8476.9:4.15:8477:7:8475.5:3.1 — CRC-32 by Python's zlib, signed.
    private static let bids = [Level(price: 84_769, size: 415), Level(price: 84_755, size: 310)]
    private static let asks = [Level(price: 84_770, size: 700)]

    private static let sum: Int32 = -849_225_033

    private static func counts(_ fixture: BookFixture) -> BookCounts {
        fixture.keeper.withBook(fixture.id) { $0.counts }
    }

    @Test("Text has no trailing zeros, sides alternate, and the longer one goes on alone")
    func text() {
        let fixture = BookFixture(BookSettings(), .window(400))
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        let sum = fixture.keeper.withBook(fixture.id) { $0.checksum(scales: Self.scales) }
        #expect(sum == Self.sum)
        // The same numbers at wider scales are the same text.
        let fits = fixture.keeper.rescale(fixture.id, price: 2, size: 3)
        let wider = fixture.keeper.withBook(fixture.id) { $0.checksum(scales: DecimalScales(price: 3, size: 5)) }
        #expect(fits && wider == Self.sum)
    }

    @Test("A book that agrees stays, one that differs is broken before its change is told")
    func differs() {
        let fixture = BookFixture(BookSettings(), .window(400))
        _ = fixture.reset(10, bids: Self.bids, asks: [], checksum: .none)
        let told = fixture.delta(10, 11, asks: Self.asks, checksum: BookChecksum(Self.sum, scales: Self.scales))
        #expect(told.count == 1 && Self.counts(fixture).checksums == 1 && Self.counts(fixture).checksumFailures == 0)
        let events = fixture.delta(
            11, 12, bids: [Level(price: 84_755, size: 311)], checksum: BookChecksum(Self.sum, scales: Self.scales))
        for case .orderBookDelta in events { Issue.record("a change that is not sound was told") }
        let counts = Self.counts(fixture)
        #expect(counts.checksums == 2 && counts.checksumFailures == 1 && counts.breaks.mismatch == 1)
        #expect(fixture.needsSeed)
        let requests = fixture.keeper.takeRequests()
        #expect(requests.map(\.purpose) == [.seed])
    }

    @Test("A snapshot of the stream is compared too")
    func snapshot() {
        let fixture = BookFixture(BookSettings(), .window(400))
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks, checksum: BookChecksum(Self.sum, scales: Self.scales))
        #expect(!fixture.needsSeed)
        _ = fixture.reset(11, bids: Self.bids, asks: [], checksum: BookChecksum(Self.sum, scales: Self.scales))
        #expect(fixture.needsSeed && Self.counts(fixture).checksumFailures == 1)
    }

    @Test("Where fewer levels are known than the checksum covers nothing is compared")
    func tooShort() {
        let fixture = BookFixture(BookSettings(depth: 2, retain: 24), .window(400))
        let deep = (0..<30).map { Level(price: 84_769 - $0, size: 1) }
        _ = fixture.reset(10, bids: deep, asks: Self.asks, checksum: BookChecksum(1, scales: Self.scales))
        #expect(!fixture.needsSeed && Self.counts(fixture).checksums == 0)
    }

    @Test(
        "Every recorded checksum is that of the book, at full depth",
        .enabled(if: OKXRecording.path != nil, "the recordings are not beside the package"),
        arguments: [DepthSemantics.window(400), .full])
    func recorded(_ semantics: DepthSemantics) throws {
        let recording = try OKXRecording(path: try #require(OKXRecording.path))
        var compared: UInt64 = 0
        for instrument in Set(recording.frames.map(\.instrument)) {
            let scales = try recording.scales(of: instrument)
            let fixture = BookFixture(BookSettings(depth: nil), semantics)
            var id: UInt64 = 0
            for frame in recording.frames where frame.instrument == instrument {
                id += 1
                let bids = try frame.bids.map { try $0.level(scales) }
                let asks = try frame.asks.map { try $0.level(scales) }
                let checksum = BookChecksum(frame.checksum, scales: scales)
                if frame.isSnapshot {
                    _ = fixture.reset(id, bids: bids, asks: asks, checksum: checksum)
                } else {
                    _ = fixture.delta(id - 1, id, bids: bids, asks: asks, checksum: checksum)
                }
            }
            let counts = Self.counts(fixture)
            #expect(counts.checksumFailures == 0 && counts.checksums == id, "\(instrument)")
            compared += counts.checksums
        }
        #expect(compared == 169)
    }
}
