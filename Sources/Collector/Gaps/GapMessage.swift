package import Foundation

/// A `gap` message as a reader gets it; what later versions add is passed over, words that are new are kept.
package struct GapMessage: Decodable, Sendable, Equatable {
    /// A larger payload is not parsed; the largest that a collector sends has some 700 bytes.
    package static let limit = 4_096

    package let v: Int
    package let type: String
    package let venue: String?
    package let market: String?
    package let symbol: String?
    package let venueSymbol: String?
    package let instance: String
    package let boot: String
    package let receivedMicroseconds: Int64?
    package let id: String
    package let of: String
    package let cause: String
    package let numbering: String?
    package let from: String?
    package let to: String?
    package let fromMicroseconds: Int64
    package let toMicroseconds: Int64?
    package let missing: UInt64?
    package let repaired: UInt64
    package let stillMissing: UInt64?
    /// Nil in messages of before it was told.
    package let closed: Bool?

    private enum CodingKeys: String, CodingKey {
        case v, type, venue, market, symbol
        case venueSymbol = "venue_symbol"
        case instance, boot
        case receivedMicroseconds = "received_us"
        case id, of, cause, numbering, from, to
        case fromMicroseconds = "from_us"
        case toMicroseconds = "to_us"
        case missing, repaired
        case stillMissing = "still_missing"
        case closed
    }

    /// Reads one; nil for anything but a `gap` of schema version 1.
    package init?(payload: some DataProtocol) {
        guard payload.count <= Self.limit else { return nil }
        guard let message = try? JSONDecoder().decode(Self.self, from: Data(payload)) else { return nil }
        guard message.v == 1, message.type == "gap" else { return nil }
        self = message
    }
}
