package import MarketModel

/// The instruments of one loop, by their dense ids, and how exact their numbers have been seen to be.
package struct InstrumentTable {
    package private(set) var instruments: [Instrument] = []
    package private(set) var scales: [DecimalScales] = []

    package init() {}

    package var count: Int { self.instruments.count }

    package subscript(id: InstrumentID) -> Instrument { self.instruments[Int(id.index)] }

    /// Adds an instrument; its scales start at the venue's tick and lot.
    package mutating func add(_ instrument: Instrument) -> InstrumentID {
        self.instruments.append(instrument)
        self.scales.append(instrument.scales)
        return InstrumentID(self.instruments.count - 1)
    }

    package mutating func update(_ instrument: Instrument, of id: InstrumentID) {
        self.instruments[Int(id.index)] = instrument
    }

    package func scales(of id: InstrumentID) -> DecimalScales { self.scales[Int(id.index)] }

    package mutating func setScales(_ scales: DecimalScales, of id: InstrumentID) {
        self.scales[Int(id.index)] = scales
    }
}
