import Venues

extension BinanceSegment {
    /// In words, for reports.
    var title: String {
        switch self {
        case .spot: "spot"
        case .usdm: "USD-M futures"
        case .coinm: "COIN-M futures"
        }
    }

    /// Levels a side that the REST snapshot can give (`limit` of `/api/v3/depth`, `/fapi/v1/depth`, `/dapi/v1/depth`).
    package var snapshotLimitMax: Int {
        switch self {
        case .spot: 5_000
        case .usdm, .coinm: 1_000
        }
    }
}
