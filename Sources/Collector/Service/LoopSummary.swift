import MarketModel
import OrderBook
import Transport
import Venues

/// What a loop tells the control plane about itself: plain values of one moment.
struct LoopSummary: Sendable {
    struct Connection: Sendable {
        var name: String
        var segment: SegmentID
        var state: SlotState
        var counters: ConnectionSlotCounters
        var streams: Int
        /// Streams of which data has come on the current socket.
        var streamsWithData: Int
        /// Streams that were given up as silent since their last frame: at most one a configured stream.
        var silentStreams: [String]
        /// Streams that the venue refused on the current socket, or left out of its answer.
        var refusedStreams: [String]
        var resubscriptions: UInt64
        /// How often a stream that stayed silent cost its socket.
        var replacements: UInt64
        var lastDataMicroseconds: Int64?
        /// The same by the clock that only goes forward, to a tenth of a second: ages are told by it.
        var lastDataSteady: Int64?
        var refusedSubscriptions: UInt64
        /// Frames of a rotation's second socket that found no room before it took over.
        var rotationFramesDropped: UInt64
        /// Those that are kept now, and their bytes.
        var rotationFrames: Int
        var rotationBytes: Int
    }

    struct Book: Sendable {
        var instrument: Instrument
        var state: BookState
        var counts: BookCounts
        /// How long it has stood on its snapshot without an update, microseconds; nil when it does not.
        var unconfirmedMicroseconds: Int64?
        var reseeds: UInt32
        var bid: String?
        var ask: String?
        var trustedDepth: Int
        var bytes: Int
        var levels: Int
        /// Updates kept for a snapshot.
        var kept: Int
        var trades: TradeSequence
        var quotes: QuoteSequence
        /// Received minus event time of the last update, microseconds; nil before the first.
        var lagMicroseconds: Int64?
    }

    /// What became of the trades and quotes of all instruments of one segment, with a book or without.
    struct Flow: Sendable {
        let segment: SegmentID
        var trades: UInt64 = 0
        var duplicateTrades: UInt64 = 0
        var lateTrades: UInt64 = 0
        var missingTrades: UInt64 = 0
        var staleQuotes: UInt64 = 0

        init(segment: SegmentID) {
            self.segment = segment
        }

        mutating func add(_ trades: TradeSequence, _ quotes: QuoteSequence) {
            self.trades &+= trades.taken
            self.duplicateTrades &+= trades.duplicates
            self.lateTrades &+= trades.late
            self.missingTrades &+= trades.missing
            self.staleQuotes &+= quotes.stale
        }

        mutating func add(_ other: Flow) {
            self.trades &+= other.trades
            self.duplicateTrades &+= other.duplicateTrades
            self.lateTrades &+= other.lateTrades
            self.missingTrades &+= other.missingTrades
            self.staleQuotes &+= other.staleQuotes
        }
    }

    var loop: Int
    var tickMicroseconds: Int64
    var frames: UInt64
    var refusals: [UInt64]
    /// Those in the loop's tables: who leaves keeps a place, to which it comes back.
    var instruments: Int
    var connections: [Connection]
    var books: [Book]
    /// At most one a segment.
    var flows: [Flow]
    /// Snapshots that were asked for and are not answered yet.
    var snapshotsAsked: Int
    /// Requests for snapshots whose end was never told.
    var snapshotsLost: UInt64
    var latencies: [SegmentLatency]
    var encodedBytes: UInt64
    var subjects: Int
    /// Bytes of subjects and fixed message parts.
    var subjectBytes: Int
    var socketsLive: Int
    var forcedKills: UInt64
}
