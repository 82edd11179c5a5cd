/// A sign of life with the counts that tell whether messages were lost.
package struct Heartbeat {
    package var uptimeMicroseconds: Int64
    package var periodMicroseconds: Int64
    package var produced: UInt64
    package var confirmed: UInt64
    package var conflated: UInt64
    package var dropped: UInt64
    package var unconfirmed: UInt64
    package var queued: UInt64
    package var inFlight: UInt64
    package var spooled: UInt64
    package var booksLive: UInt32
    package var residentBytes: UInt64
    package var microseconds: Int64

    package init(uptimeMicroseconds: Int64, periodMicroseconds: Int64, microseconds: Int64) {
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
        self.residentBytes = 0
    }
}
