import MarketModel

extension FrameRefusal {
    /// What a list of levels that could not be read means for its frame.
    init(_ error: LevelsError, of instrument: InstrumentID, at scales: DecimalScales) {
        switch error {
        case .json(let error): self = .json(error)
        case .tooMany: self = .tooLarge
        case .decimal(let field, let error): self.init(error, of: field, instrument, at: scales)
        }
    }

    /// What a price or size that could not be read means for its frame.
    init(_ error: DecimalTextError, of field: LevelField, _ instrument: InstrumentID, at scales: DecimalScales) {
        switch error {
        case .malformed: self = .missingField
        case .overflow: self = .valueTooLarge(instrument)
        case .tooPrecise(let needed):
            var wider = scales
            switch field {
            case .price: wider.price = max(needed, scales.price)
            case .size: wider.size = max(needed, scales.size)
            }
            self = .needsScale(instrument, wider)
        }
    }
}
