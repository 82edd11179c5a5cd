package import MarketModel

/// The numbers of a bar, read where they stand in its frame.
package struct KlineNumbers {
    package let open: DecimalParts
    package let high: DecimalParts
    package let low: DecimalParts
    package let close: DecimalParts
    package let baseVolume: DecimalParts?
    package let quoteVolume: DecimalParts?
    package let contractVolume: DecimalParts?
    /// The most bytes that all of them take as canonical text.
    package let textBytesMax: Int

    /// Reads them; nil when a price is missing, or one of them is no number or does not stand in the frame.
    package init?(_ bar: Kline, in frame: Span<UInt8>) {
        guard let open = Self.parts(bar.open, frame), let high = Self.parts(bar.high, frame),
            let low = Self.parts(bar.low, frame), let close = Self.parts(bar.close, frame)
        else { return nil }
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.baseVolume = Self.parts(bar.baseVolume, frame)
        self.quoteVolume = Self.parts(bar.quoteVolume, frame)
        self.contractVolume = Self.parts(bar.contractVolume, frame)
        guard (self.baseVolume != nil) == (bar.baseVolume.count != 0),
            (self.quoteVolume != nil) == (bar.quoteVolume.count != 0),
            (self.contractVolume != nil) == (bar.contractVolume.count != 0)
        else { return nil }
        let prices = Int(bar.open.count) + Int(bar.high.count) + Int(bar.low.count) + Int(bar.close.count)
        let volumes = Int(bar.baseVolume.count) + Int(bar.quoteVolume.count) + Int(bar.contractVolume.count)
        self.textBytesMax = prices + volumes + 7 * DecimalParts.textMax(0)
    }

    private static func parts(_ text: FrameText, _ frame: Span<UInt8>) -> DecimalParts? {
        guard text.count > 0 else { return nil }
        let start = Int(text.offset)
        return DecimalParts(frame, start..<(start + Int(text.count)))
    }

    /// A hash of all numbers (FNV-1a, 64 bits), the same for equal numbers however they are written.
    func digest(of frame: Span<UInt8>, tradeCount: Int64) -> UInt64 {
        var hash = ContentHash()
        hash.add(self.open, of: frame)
        hash.add(self.high, of: frame)
        hash.add(self.low, of: frame)
        hash.add(self.close, of: frame)
        hash.add(self.baseVolume, of: frame)
        hash.add(self.quoteVolume, of: frame)
        hash.add(self.contractVolume, of: frame)
        hash.add(UInt64(bitPattern: tradeCount))
        return hash.value
    }
}

/// FNV-1a over numbers.
private struct ContentHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) {
        self.value = (self.value ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    mutating func add(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { self.add(UInt8(truncatingIfNeeded: word &>> shift)) }
    }

    /// Adds sign, digits and exponent, which canonical text follows from.
    mutating func add(_ parts: DecimalParts?, of frame: Span<UInt8>) {
        guard let parts else {
            self.add(UInt8(ascii: "-"))
            return
        }
        self.add(parts.isNegative && !parts.significant.isEmpty ? 1 : 0 as UInt8)
        for index in parts.significant where frame[index] != UInt8(ascii: ".") { self.add(frame[index]) }
        self.add(UInt64(bitPattern: Int64(parts.lastExponent)))
    }
}
