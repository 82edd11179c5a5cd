/// Puts the ledger's entries into a lane of the publisher's own; publisher thread only.
struct GapWriter {
    /// Room that one entry needs at most: its subject, its names and its numbers.
    private static let entryBytes = 4096
    private static let batch = 64

    let output: LedgerOutput
    let lane: PublishLane
    /// Messages made so far, by subject: as many as the ledger has had entries of at most.
    private var numbers: [String: UInt64] = [:]
    private var lookedAt: Int64 = 0

    init(_ output: LedgerOutput, waker: PublisherWaker) {
        self.output = output
        self.lane = PublishLane(kind: .log, limits: QueueLimits(bytes: 4 << 20, messages: 16_384), waker: waker)
    }

    /// Queues what is due, ten times a second at most; true when there was anything.
    mutating func write(at now: Int64, isLast: Bool = false) -> Bool {
        guard isLast || now - self.lookedAt >= 100_000 else { return false }
        self.lookedAt = now
        let wall = PublishClock.wall()
        var count = 0
        // Nothing is taken that would not find room.
        while self.lane.hasRoom(for: Self.batch * Self.entryBytes) {
            let entries = self.output.ledger.takeDue(Self.batch, wall: wall, isLast: isLast)
            for entry in entries { self.queue(entry, wall) }
            if !entries.isEmpty { self.output.ledger.queued(below: self.lane.releasedCount &+ self.lane.heldCount) }
            count += entries.count
            if entries.count < Self.batch { break }
        }
        return count > 0
    }

    private mutating func queue(_ entry: GapEntry, _ wall: Int64) {
        let subject = self.output.subjects.gap(entry.subject)
        let number = (self.numbers[subject] ?? 0) + 1
        self.numbers[subject] = number
        let (instance, boot) = (self.output.ledger.instance, self.output.ledger.boot)
        let prefix = self.output.encoder.prefix(entry.subject, instance: instance, boot: boot)
        let text = self.output.encoder.text(entry, number: number)
        let id = "\(instance):\(boot):\(number)"
        let parts = [subject + "\0", id, prefix, text]
        let total = parts.reduce(0) { $0 + $1.utf8.count }
        guard let room = self.lane.reserve(upTo: total) else {
            self.lane.countDropped(.gap, total > self.lane.maximumBodyBytes ? .tooLarge : .queueFull)
            return
        }
        var offset = 0
        for part in parts {
            UnsafeMutableRawBufferPointer(rebasing: room[offset...]).copyBytes(from: part.utf8)
            offset += part.utf8.count
        }
        self.lane.commit(
            type: .gap, subjectLength: subject.utf8.count, idLength: id.utf8.count,
            payloadLength: prefix.utf8.count + text.utf8.count, enqueuedMicroseconds: wall, receivedMicroseconds: 0)
    }
}
