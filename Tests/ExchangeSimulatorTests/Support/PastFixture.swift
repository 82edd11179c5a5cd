import Foundation
import Testing

@testable import ExchangeSimulator

/// Asks an exchange for rows and holds them against its own.
enum PastFixture {
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000

    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
    /// The midnight some days ago.
    static func midnight(_ days: Int64) -> Int64 { (Self.now / Self.day - days) * Self.day }

    static func get(_ target: String, _ port: Int) throws -> JSONValue {
        try JSONValue(BlockingSocket.request("GET", target, port: port))
    }

    static func number(_ text: String?) -> Decimal? { text.flatMap { Decimal(string: $0) } }

    /// Whether rows of texts say what the exchange's own rows say, in the same order.
    static func same(_ answered: [[String: Decimal?]], _ truth: [PastRow], _ keys: [String]) -> Bool {
        answered.count == truth.count
            && zip(answered, truth).allSatisfy { row, true_ in
                row["time"] == Decimal(true_.milliseconds)
                    && (true_.id == nil || row["id"] == true_.id.map { Decimal($0) })
                    && keys.allSatisfy {
                        Self.number(true_.values[$0]) != nil && row[$0] == Self.number(true_.values[$0])
                    }
            }
    }
}
