import MarketModel
import OrderBook
import Transport

/// What a loop tells the control plane about itself: plain values of one moment.
struct LoopSummary: Sendable {
    struct Connection: Sendable {
        var name: String
        var segment: String
        var state: SlotState
        var counters: ConnectionSlotCounters
        var streams: Int
        /// Streams of which data has come on the current socket.
        var streamsWithData: Int
        /// Streams that were given up as silent since their last frame: at most one a configured stream.
        var silentStreams: [String]
        var resubscriptions: UInt64
        var lastDataMicroseconds: Int64?
        var refusedSubscriptions: UInt64
    }

    struct Book: Sendable {
        var instrument: Instrument
        var state: BookState
        var counts: BookCounts
        var reseeds: UInt32
        var bid: String?
        var ask: String?
        var trustedDepth: Int
        var bytes: Int
        var trades: TradeSequence
        /// Received minus event time of the last update, microseconds; nil before the first.
        var lagMicroseconds: Int64?
    }

    var loop: Int
    var tickMicroseconds: Int64
    var frames: UInt64
    var refusals: [UInt64]
    var connections: [Connection]
    var books: [Book]
    var encodedBytes: UInt64
    var socketsLive: Int
    var forcedKills: UInt64
}
