/// How a venue is asked for its time of day.
package protocol VenueClock {
    /// What asks for it, at the least cost.
    func timeRequest(in segment: VenueSegment) -> VenueRequest
    /// Reads the answer, in milliseconds since 1970.
    func serverTime(_ body: [UInt8]) throws(UnreadableAnswer) -> Int64
}
