package import MarketModel

/// Binance's sections that are collected, by their configuration names.
package enum BinanceSegment: String, CaseIterable, Sendable {
    case spot, usdm, coinm

    package static let venue = Binance.id

    /// What an unconverted size counts: spot and USD-M trade the base asset, COIN-M whole contracts.
    package var sizeUnit: SizeUnit {
        self == .coinm ? .contracts : .base
    }

    /// The value of the `st` field since the merge of COIN-M into USD-M (2026-06-30); nil on spot, which has none.
    var mergedSegmentNumber: UInt64? {
        switch self {
        case .spot: nil
        case .usdm: 1
        case .coinm: 2
        }
    }
}
