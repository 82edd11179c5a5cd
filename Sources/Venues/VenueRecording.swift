package import MarketModel

/// What a replay must know of a venue to read what others recorded of it: frames, with no list of instruments beside.
///
/// None of it is on the frame path.
package protocol VenueRecording: Sendable {
    var venue: VenueID { get }
    /// The names of the streams that a recorded request asks for; none where it asks for no streams.
    func streamsAsked(by request: [UInt8]) -> [String]
    /// The name of the stream that a frame names; nil where it names none.
    func streamName(of frame: Frame) -> String?
    /// Tells what a recorded stream brings; nil for one that is not collected.
    ///
    /// - Parameter sections: Those that the recording's connection may serve, one at least.
    func stream(named name: String, in sections: [VenueSegment]) -> RecordedStream?
    /// Makes the instrument of a recorded symbol of a section.
    func instrument(of symbol: String, in section: VenueSegment) -> Instrument?
}

/// A stream of a recording.
package struct RecordedStream: Hashable, Sendable {
    /// Whose decoder and rules of books read it.
    package let section: VenueSegment
    /// Its instrument; nil for a stream of the whole section.
    package let instrument: Instrument?

    package init(section: VenueSegment, instrument: Instrument?) {
        self.section = section
        self.instrument = instrument
    }
}

extension VenueCatalog {
    private static let recordings: [any VenueRecording] = [BinanceRecording(), OKXRecording(), DeribitRecording()]

    /// What reads recordings of a venue; nil where nothing does.
    package static func recording(of venue: VenueID) -> (any VenueRecording)? {
        self.recordings.first { $0.venue == venue }
    }

    /// The sections whose streams an address serves, `wss://ws.okx.com:8443/ws/v5/public`, by its host.
    package static func segments(at address: String) -> [VenueSegment] {
        guard let host = Self.host(of: address) else { return [] }
        return self.segments.filter { Self.host(of: $0.webSocket) == host }
    }

    private static func host(of address: String) -> Substring? {
        let parts = address.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "wss:" || parts[0] == "ws:", parts[1].isEmpty else { return nil }
        return parts[2].prefix { $0 != "/" && $0 != ":" && $0 != "?" }
    }
}
