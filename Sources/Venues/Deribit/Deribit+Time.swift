import FoundationEssentials

extension Deribit {
    package func timeRequest(in segment: VenueSegment) -> VenueRequest {
        VenueRequest(
            segment.id, path: "/api/v2/public/get_time", costs: [.init("requests", Self.requestCredits)])
    }

    package func serverTime(_ body: [UInt8]) throws(UnreadableAnswer) -> Int64 {
        struct Answer: Decodable {
            let result: Int64
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(body)).result
        } catch {
            throw UnreadableAnswer("time: \(error)")
        }
    }
}
