/// A venue that can be simulated.
package enum SimulatedVenue: String, CaseIterable, Sendable {
    case binance, okx, deribit
}

/// A section of a simulated venue: its instruments, id rules and message shapes.
package enum MarketSegment: String, CaseIterable, Sendable {
    case spot, usdm, coinm
    case okxSpot = "okx_spot"
    case okxSwap = "okx_swap"
    case deribitPerpetual = "deribit_perpetual"
    case deribitOption = "deribit_option"

    /// Binance's three.
    package static let binance: [Self] = [.spot, .usdm, .coinm]

    package var venue: SimulatedVenue {
        switch self {
        case .spot, .usdm, .coinm: .binance
        case .okxSpot, .okxSwap: .okx
        case .deribitPerpetual, .deribitOption: .deribit
        }
    }

    /// Whether it is one of Binance's futures.
    var isFutures: Bool { self == .usdm || self == .coinm }

    /// Whether a book's ids belong to more than the book, so that they jump.
    var jumpsIDs: Bool { self != .spot }

    /// Whether its instruments have mark prices, open interest and liquidations.
    var isDerivative: Bool { self != .spot && self != .okxSpot }

    /// Whether its instruments pay funding.
    var hasFunding: Bool { self.isDerivative && self != .deribitOption }

    /// The name of the segment in recorded connection names.
    init?(recordedConnection name: some StringProtocol) {
        guard let segment = Self.binance.first(where: { name.hasPrefix("binance_\($0.rawValue):") }) else {
            return nil
        }
        self = segment
    }
}

/// What listens on one port: Binance has a host for each segment, the others one for all of theirs.
enum SimulatedHost: String, CaseIterable, Sendable {
    case binanceSpot, binanceUSDM, binanceCOINM, okx, deribit

    var venue: SimulatedVenue {
        switch self {
        case .binanceSpot, .binanceUSDM, .binanceCOINM: .binance
        case .okx: .okx
        case .deribit: .deribit
        }
    }

    var segments: [MarketSegment] {
        switch self {
        case .binanceSpot: [.spot]
        case .binanceUSDM: [.usdm]
        case .binanceCOINM: [.coinm]
        case .okx: [.okxSpot, .okxSwap]
        case .deribit: [.deribitPerpetual, .deribitOption]
        }
    }
}
