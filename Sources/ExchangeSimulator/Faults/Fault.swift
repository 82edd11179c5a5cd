/// What can go wrong on purpose.
package enum Fault: String, CaseIterable, Sendable {
    /// A frame is not sent.
    case drop
    /// A frame is sent twice.
    case duplicate
    /// A frame is sent after the next one of its stream.
    case reorder
    /// Nothing is read or written for a while, then everything comes at once.
    case stall
    /// The connection stays open and silent until it is given up.
    case halfOpen
    /// A subscription is acknowledged and never served.
    case silentAck
    /// The connection is reset.
    case reset
    /// Half a frame, then a reset.
    case truncatedFrame
    /// A frame that announces more bytes than anyone should take.
    case oversizedFrame
    /// A message that is not JSON, not UTF-8, or JSON of wrong types; sent beside the real ones.
    case junk
    /// New connections are refused for a while.
    case refuseConnects
    /// A REST answer comes late.
    case slowREST
    /// A REST request is answered 429.
    case rateLimited
    /// A REST request is answered 418.
    case banned
    /// A REST request is answered 503.
    case serverError
    /// A REST answer ends in the middle.
    case truncatedBody
    /// A snapshot is older than every frame of the stream.
    case staleSnapshot
    /// A connection is told that it will be closed, and is closed a while later.
    case notice
    /// A connection is closed in order, as after its day.
    case lifetime
    /// The ids of every linked book start over, smaller than before.
    case sequenceReset
}
