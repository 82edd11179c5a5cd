package import MarketModel

/// OKX's sections that are collected, by their configuration names.
package enum OKXSegment: String, CaseIterable, Sendable {
    case spot, swap

    /// The venue's word in requests, channels and lists.
    package var instrumentType: String {
        switch self {
        case .spot: "SPOT"
        case .swap: "SWAP"
        }
    }

    /// What an unconverted size counts: contracts on derivatives.
    package var sizeUnit: SizeUnit {
        self == .spot ? .base : .contracts
    }

    package var id: SegmentID { SegmentID(OKX.id, self.rawValue) }

    /// The section of this description, which must be one of OKX's.
    init(of segment: VenueSegment) {
        guard let section = OKXSegment(rawValue: segment.id.name) else {
            preconditionFailure("not a section of OKX")
        }
        self = section
    }
}
