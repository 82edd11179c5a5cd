extension Instrument {
    /// The scales that prices and sizes begin with: those of the venue's tick and lot.
    public var scales: DecimalScales {
        func scale(_ text: String?) -> UInt8 { text.flatMap { try? FixedPoint.scale(of: $0) } ?? 0 }
        return DecimalScales(price: scale(self.tickSize), size: scale(self.lotSize))
    }
}
