import FoundationEssentials

extension Binance {
    package func timeRequest(in segment: VenueSegment) -> VenueRequest {
        let section = BinanceSegment(of: segment)
        return VenueRequest(
            segment.id, path: BinanceEndpoints.time(section), costs: [.init(BinanceLimits.scope(of: section), 1)])
    }

    package func serverTime(_ body: [UInt8]) throws(UnreadableAnswer) -> Int64 {
        struct Answer: Decodable {
            let serverTime: Int64
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body)).serverTime
        } catch {
            throw UnreadableAnswer("time: \(error)")
        }
    }
}
