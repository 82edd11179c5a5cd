import FoundationEssentials

extension OKX {
    /// The budget of `public/time`: 10 in two seconds for an address
    /// (<https://www.okx.com/docs-v5/en/#public-data-rest-api-get-system-time>, read 2026-11-21).
    static let timeScope = "time"

    package func timeRequest(in segment: VenueSegment) -> VenueRequest {
        VenueRequest(segment.id, path: "/api/v5/public/time", costs: [.init(Self.timeScope, 1)])
    }

    package func serverTime(_ body: [UInt8]) throws(UnreadableAnswer) -> Int64 {
        struct Entry: Decodable {
            let ts: String
        }
        let list: OKXList<Entry>
        do {
            list = try JSONDecoder().decode(OKXList<Entry>.self, from: Data(body))
        } catch {
            throw UnreadableAnswer("time: \(error)")
        }
        guard let time = list.data?.first?.entry.flatMap({ Int64($0.ts) }) else {
            throw UnreadableAnswer("time: code \(list.code)")
        }
        return time
    }
}
