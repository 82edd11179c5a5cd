import MarketModel
import Publishing
import Transport

/// Makes the heartbeat of the process on the one loop that publishes it.
struct HeartbeatSource {
    let publisher: NATSPublisher
    let periodMicroseconds: Int64
    private(set) var startMicroseconds: Int64
    /// Bytes of the resident set.
    let residentBytes: @Sendable () -> UInt64
    /// Books that can be used.
    let booksLive: @Sendable () -> Int
    /// Books that were compared with the venues' own, and those of them that differed.
    let audits: @Sendable () -> (compared: UInt64, mismatched: UInt64)
    private var nextMicroseconds: Int64

    init(
        publisher: NATSPublisher, periodMicroseconds: Int64, residentBytes: @escaping @Sendable () -> UInt64,
        booksLive: @escaping @Sendable () -> Int,
        audits: @escaping @Sendable () -> (compared: UInt64, mismatched: UInt64)
    ) {
        self.publisher = publisher
        self.periodMicroseconds = periodMicroseconds
        self.startMicroseconds = LoopClock.wallMicroseconds()
        self.residentBytes = residentBytes
        self.booksLive = booksLive
        self.audits = audits
        self.nextMicroseconds = self.startMicroseconds
    }

    /// Moves along with a clock that was set.
    mutating func clockStepped(by microseconds: Int64) {
        self.startMicroseconds &+= microseconds
        self.nextMicroseconds &+= microseconds
    }

    /// Gives a heartbeat when its time has come.
    mutating func due(at now: Int64) -> Heartbeat? {
        guard now >= self.nextMicroseconds else { return nil }
        self.nextMicroseconds = now + self.periodMicroseconds
        var beat = Heartbeat(
            uptimeMicroseconds: now - self.startMicroseconds, periodMicroseconds: self.periodMicroseconds,
            microseconds: now)
        let cut = self.publisher.cut()
        beat.produced = cut.produced
        beat.confirmed = cut.confirmed
        beat.conflated = cut.conflated
        beat.dropped = cut.dropped
        beat.unconfirmed = cut.unconfirmed
        beat.queued = cut.queued
        beat.inFlight = cut.inFlight
        beat.spooled = cut.spooled
        beat.residentBytes = self.residentBytes()
        beat.booksLive = UInt32(clamping: self.booksLive())
        let audits = self.audits()
        beat.auditsCompared = audits.compared
        beat.auditsMismatched = audits.mismatched
        return beat
    }
}
