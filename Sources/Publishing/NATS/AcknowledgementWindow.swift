/// The messages of one lane that wait for a stream's acknowledgement: which may go, which may be sent.
///
/// A pure machine. Messages are known by their sequence in the lane. Acknowledgements come in any order; messages
/// leave from the oldest on. After a late acknowledgement, a refusal or a new connection everything from the oldest
/// unacknowledged on is sent again (`goBack`), *also* what was acknowledged behind it: a stream that has forgotten
/// an old message would otherwise store it after its successors.
struct AcknowledgementWindow {
    private struct Entry {
        var sentAt: Int64 = 0
        var bytes: Int32 = 0
        var isSettled = false
        /// Where a stream stored it; of stream 0 when that is not known.
        var stream: UInt8 = 0
        var streamSequence: UInt64 = 0
    }

    private var entries: [Entry]
    private let mask: UInt64
    private let limitMessages: Int
    private let limitBytes: Int
    /// The sequence of the oldest message in flight, or of the next one to send.
    private(set) var oldest: UInt64 = 0
    private(set) var next: UInt64 = 0
    private(set) var bytesInFlight = 0
    /// Up to which sequence of each stream everything this lane ever sent is settled.
    private(set) var floors = StreamFloors()
    /// Below this sequence a message may have been sent under another number: the floors do not rise before.
    private var heldUntil: UInt64 = 0
    /// How many may be in flight now: small after trouble, growing with each acknowledgement.
    private(set) var allowed: Int

    init(limitMessages: Int, limitBytes: Int) {
        self.limitMessages = min(max(limitMessages, 1), 1 << 16)
        self.limitBytes = limitBytes
        var size = 1
        while size < self.limitMessages { size <<= 1 }
        self.entries = Array(repeating: Entry(), count: size)
        self.mask = UInt64(size) - 1
        self.allowed = self.limitMessages
    }

    init(_ configuration: PublisherConfiguration) {
        self.init(limitMessages: configuration.windowMessages, limitBytes: configuration.windowBytes)
    }

    var inFlight: Int { Int(self.next &- self.oldest) }

    /// Whether one more message of `bytes` may be sent; one may always, however large.
    func hasRoom(for bytes: Int) -> Bool {
        self.inFlight == 0 || (self.inFlight < self.allowed && self.bytesInFlight + bytes <= self.limitBytes)
    }

    /// Notes that message `next` was sent, or given up for good when `isSettled`.
    mutating func sent(bytes: Int, at now: Int64, isSettled: Bool = false) {
        precondition(self.inFlight < self.entries.count, "the window is full")
        self.entries[Int(self.next & self.mask)] = Entry(
            sentAt: now, bytes: Int32(clamping: bytes), isSettled: isSettled)
        self.bytesInFlight += Int(Int32(clamping: bytes))
        self.next &+= 1
    }

    /// Notes the acknowledgement of `sequence`; false for one that is not in flight or was settled before.
    ///
    /// - Parameter stored: The stream, as `StreamNames` numbers it, and the sequence it has there.
    mutating func settle(_ sequence: UInt64, stored: (stream: UInt8, sequence: UInt64)? = nil) -> Bool {
        guard sequence >= self.oldest, sequence < self.next else { return false }
        let index = Int(sequence & self.mask)
        guard !self.entries[index].isSettled else { return false }
        self.entries[index].isSettled = true
        if let stored {
            self.entries[index].stream = stored.stream
            self.entries[index].streamSequence = stored.sequence
        }
        self.allowed = min(self.allowed + 1, self.limitMessages)
        return true
    }

    /// Takes the settled messages off the old end.
    ///
    /// - Returns: How many left.
    mutating func takeSettled() -> UInt64 {
        let start = self.oldest
        while self.oldest < self.next, self.entries[Int(self.oldest & self.mask)].isSettled {
            let entry = self.entries[Int(self.oldest & self.mask)]
            self.bytesInFlight -= Int(entry.bytes)
            if self.oldest >= self.heldUntil { self.floors.raise(entry.stream, to: entry.streamSequence) }
            self.oldest &+= 1
        }
        return self.oldest &- start
    }

    /// When the oldest message in flight was sent.
    var oldestSentAt: Int64? { self.inFlight == 0 ? nil : self.entries[Int(self.oldest & self.mask)].sentAt }

    /// Starts again from the oldest unacknowledged, with at most `allowed` in flight at first.
    mutating func goBack(allowed: Int) {
        self.next = self.oldest
        self.bytesInFlight = 0
        self.allowed = min(max(allowed, 1), self.limitMessages)
    }

    /// Takes note that everything settled so far lies at or below `tops`: nothing may be in flight.
    mutating func raiseFloors(to tops: StreamFloors) {
        if self.inFlight == 0, self.oldest >= self.heldUntil { self.floors = tops }
    }

    /// Takes note of where a stream ended before anything was sent to it.
    mutating func raiseFloor(of stream: UInt8, to sequence: UInt64) { self.floors.raise(stream, to: sequence) }

    /// Leaves the floors where they are until all messages below `sequence` have left.
    mutating func holdFloors(until sequence: UInt64) { self.heldUntil = max(self.heldUntil, sequence) }

    /// Lets the floors rise again: what they were held for is gone.
    mutating func freeFloors() { self.heldUntil = 0 }

    /// Takes over what another lane had in flight: what it sent is looked for from the lower of both floors on.
    mutating func lowerFloors(to floors: StreamFloors) { self.floors = self.floors.lower(floors) }

    /// Follows records that left the lane by another way than acknowledgement.
    mutating func skip(to sequence: UInt64) {
        precondition(self.inFlight == 0, "nothing may be in flight")
        self.oldest = sequence
        self.next = sequence
    }
}
