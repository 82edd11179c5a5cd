import Transport
import Venues

/// One socket of a feed: what was asked for on it, and what has come.
///
/// Times are microseconds of the clock that only goes forward.
struct FeedLine {
    let socket: SocketID
    let opened: Int64
    var subscriptions: Subscriptions
    /// When everything that was asked for was acknowledged or refused.
    var subscribed: Int64?
    /// Whether the venue said that it ends the socket soon.
    var isEnding = false
    var frames: UInt64 = 0
    /// Frames that were no data: answers, signs of life.
    var signs: UInt64 = 0
    /// When a sign of life was sent that has not been answered.
    var pinged: Int64?
    /// Frames as of the last look, and when that last changed.
    private var seenFrames: UInt64 = 0
    private var seenSigns: UInt64 = 0
    /// When anything last came, as of the last look.
    private(set) var lastSign: Int64
    private(set) var lastData: Int64?

    init(socket: SocketID, opened: Int64, subscriptions: Subscriptions) {
        self.socket = socket
        self.opened = opened
        self.lastSign = opened
        self.subscriptions = subscriptions
    }

    var hasData: Bool { self.frames > 0 }

    /// Whether all streams have been acknowledged for so long, and data comes.
    func carriesAll(for microseconds: Int64, at now: Int64) -> Bool {
        guard let subscribed = self.subscribed, self.hasData else { return false }
        return now - subscribed >= microseconds
    }

    /// Notes whether frames have come since the last look.
    mutating func look(at now: Int64) {
        if self.signs != self.seenSigns || self.frames != self.seenFrames {
            self.seenSigns = self.signs
            self.lastSign = now
            self.pinged = nil
        }
        guard self.frames != self.seenFrames else { return }
        self.seenFrames = self.frames
        self.lastData = now
    }
}
