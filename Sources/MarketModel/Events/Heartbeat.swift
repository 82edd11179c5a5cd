/// A sign of life with the counts that tell whether messages were lost.
public struct Heartbeat {
    public var uptimeMicroseconds: Int64
    public var periodMicroseconds: Int64
    public var produced: UInt64
    public var confirmed: UInt64
    public var conflated: UInt64
    public var dropped: UInt64
    public var unconfirmed: UInt64
    public var queued: UInt64
    public var inFlight: UInt64
    public var spooled: UInt64
    public var booksLive: UInt32
    /// Books that were compared with the venues' own, and those of them that differed.
    public var auditsCompared: UInt64
    public var auditsMismatched: UInt64
    public var residentBytes: UInt64
    public var microseconds: Int64

    public init(uptimeMicroseconds: Int64, periodMicroseconds: Int64, microseconds: Int64) {
        self.uptimeMicroseconds = uptimeMicroseconds
        self.periodMicroseconds = periodMicroseconds
        self.microseconds = microseconds
        self.produced = 0
        self.confirmed = 0
        self.conflated = 0
        self.dropped = 0
        self.unconfirmed = 0
        self.queued = 0
        self.inFlight = 0
        self.spooled = 0
        self.booksLive = 0
        self.auditsCompared = 0
        self.auditsMismatched = 0
        self.residentBytes = 0
    }
}
