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

    /// The request weight of a snapshot with `limit` levels, from the documentation of the three depth endpoints.
    func snapshotWeight(limit: Int) -> Int {
        switch self {
        case .spot:
            switch limit {
            case ...100: 5
            case ...500: 25
            case ...1_000: 50
            default: 250
            }
        case .usdm, .coinm:
            switch limit {
            case ...50: 2
            case ...100: 5
            case ...500: 10
            default: 20
            }
        }
    }

    /// The request weight of the instrument list.
    var instrumentListWeight: Int {
        switch self {
        case .spot: 20
        case .usdm, .coinm: 1
        }
    }
}
