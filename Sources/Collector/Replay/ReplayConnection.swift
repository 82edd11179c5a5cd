import MarketModel
import Venues

/// A connection of a recording, and what came on it.
struct ReplayConnection {
    /// The sections that it may serve; none where it is not understood.
    let sections: [VenueSegment]
    /// What reads the names on it.
    let recording: (any VenueRecording)?
    /// Connections of one group share decoders: answers to requests belong to their section's socket.
    let group: String
    /// The symbol of a depth answer; nil for a socket.
    let snapshotSymbol: String?
    /// The decoder that frames are given to first, -1 while there is none.
    private(set) var decoder = -1
    /// Of the other sections that it serves beside.
    private(set) var otherDecoders: [Int] = []
    /// The streams that were taken up.
    var streams: Set<String> = []
    /// Streams that the recorder asked for and that are not collected.
    var notCollected: Set<String> = []
    var frames: UInt64 = 0
    /// Answers to requests, and signs of life.
    var answers: UInt64 = 0
    var framesNotCollected: UInt64 = 0
    /// By `FrameRefusal.ordinal`.
    var refusals = [UInt64](repeating: 0, count: FrameRefusal.labels.count)

    /// Understands a name: `binance_spot:ws`, `binance_spot:rest:depth:BTCUSDT` or an address with a host that the
    /// catalog has.
    init(name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let isAnswer = parts.count == 4 && parts[1] == "rest" && parts[2] == "depth"
        if let section = Self.section(named: parts[0]) {
            let isSocket = parts.count == 2 && parts[1] == "ws"
            self.sections = isSocket || isAnswer ? [section] : []
            self.snapshotSymbol = isAnswer ? parts[3] : nil
            self.group = parts[0]
        } else {
            self.sections = VenueCatalog.segments(at: name)
            self.snapshotSymbol = nil
            self.group = name
        }
        self.recording = self.sections.first.flatMap { VenueCatalog.recording(of: $0.id.venue) }
    }

    /// Gives frames to a decoder too.
    mutating func reads(with decoder: Int) {
        guard decoder != self.decoder, !self.otherDecoders.contains(decoder) else { return }
        if self.decoder < 0 { self.decoder = decoder } else { self.otherDecoders.append(decoder) }
    }

    private static func section(named name: String) -> VenueSegment? {
        VenueCatalog.segments.first { "\($0.id.venue)_\($0.id.name)" == name }
    }
}
