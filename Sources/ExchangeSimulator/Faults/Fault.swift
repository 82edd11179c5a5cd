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
    /// A request is answered 403, as by a firewall.
    case forbidden
    /// A request is answered 500.
    case internalError
    /// A REST answer ends in the middle.
    case truncatedBody
    /// An answer is whole as its length says, and only half of what it should be.
    case cutAnswer
    /// An answer has nothing in it.
    case emptyAnswer
    /// The SHA-256 beside an archive is another one.
    case wrongChecksum
    /// An archive ends in the middle, and the connection with it.
    case truncatedArchive
    /// An archive comes a few bytes at a time.
    case slowArchive
    /// A part of an archive is asked for and the whole is sent.
    case rangeIgnored
    /// An archive is another file from now on: the same rows, other bytes, another tag.
    case archiveChanged
    /// A snapshot is older than every frame of the stream.
    case staleSnapshot
    /// A connection is told that it will be closed, and is closed a while later.
    case notice
    /// A connection is closed in order, as after its day.
    case lifetime
    /// The ids of every linked book start over, smaller than before.
    case sequenceReset
}
