import CZlib
package import MarketModel

/// How a book is compared with the venue's checksum of it.
extension BookKeeper {
    /// Compares a book with the venue's checksum, and counts it; true where not enough of the book is known to compare.
    @inline(never)
    mutating func confirms(_ book: UnsafeMutablePointer<Book>, _ checksum: BookChecksum) -> Bool {
        guard let own = book.pointee.checksum(scales: checksum.scales) else { return true }
        book.pointee.counts.checksums &+= 1
        if own == checksum.value { return true }
        book.pointee.counts.checksumFailures &+= 1
        return false
    }
}

extension Book {
    /// Levels a side that OKX sums up.
    private static var checksumLevels: Int { 25 }
    /// Bytes that the levels of one rank take at most: four numbers and a colon before each.
    private static var rankBytes: Int { 4 * (1 + FixedPoint.textBytesMax) }

    /// Gives OKX's checksum of the book; nil while fewer levels are known than it covers.
    ///
    /// It is the CRC-32, signed, of `bid:size:ask:size:…` over the best 25 levels, one side alone where the other has
    /// run out (OKX API v5, order book channel; the field is always 0 since 2026-06-23). OKX sums up the text as sent,
    /// which has no trailing zeros: text made from mantissas gave each of the 169 checksums recorded on 2022-05-13,
    /// where a fixed number of digits an instrument gave none.
    package func checksum(scales: DecimalScales) -> Int32? {
        let depth = Self.checksumLevels
        guard self.trustedDepth(depth) == depth else { return nil }
        // By rank, since a temporary of more than 1 KiB would come from the heap.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.rankBytes) { text in
            guard let start = text.baseAddress else { return nil }
            var sum = crc32(0, nil, 0)
            for rank in 0..<depth {
                var end = start
                if rank < self.bids.count { end = Self.write(self.bids.level(atRank: rank), scales, to: end) }
                if rank < self.asks.count { end = Self.write(self.asks.level(atRank: rank), scales, to: end) }
                guard end > start else { break }
                // No colon stands before the first number.
                let skipped = rank == 0 ? 1 : 0
                sum = crc32(sum, start + skipped, UInt32(end - start - skipped))
            }
            return Int32(truncatingIfNeeded: sum)
        }
    }

    /// Writes `:price:size` and gives the place after it.
    private static func write(
        _ level: Level, _ scales: DecimalScales, to start: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var end = start
        end.pointee = UInt8(ascii: ":")
        end += 1
        end += FixedPoint.write(level.price, scale: scales.price, to: end)
        end.pointee = UInt8(ascii: ":")
        end += 1
        return end + FixedPoint.write(level.size, scale: scales.size, to: end)
    }
}
