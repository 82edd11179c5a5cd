/// The fences that are out: each says up to which record every lane had been sent when it left.
///
/// A server handles what one connection sends in order, so a fence that comes back confirms all before it.
struct FenceLedger {
    private static let slots = 256

    private let lanes: Int
    /// `slots` × `lanes` counts of sent records.
    private var marks: [UInt64]
    private var sentAt: [Int64]
    private(set) var oldest: UInt64 = 0
    private(set) var next: UInt64 = 0

    init(lanes: Int) {
        self.lanes = lanes
        self.marks = Array(repeating: 0, count: Self.slots * lanes)
        self.sentAt = Array(repeating: 0, count: Self.slots)
    }

    var isFull: Bool { self.next &- self.oldest >= UInt64(Self.slots) }
    var isEmpty: Bool { self.next == self.oldest }
    var oldestSentAt: Int64? { self.isEmpty ? nil : self.sentAt[self.slot(self.oldest)] }

    /// Notes that fence `next` leaves at `now`, behind `sent[lane]` records of each lane.
    mutating func sent(at now: Int64, marks sent: (Int) -> UInt64) {
        precondition(!self.isFull, "too many fences out")
        let slot = self.slot(self.next)
        self.sentAt[slot] = now
        for lane in 0..<self.lanes { self.marks[slot * self.lanes + lane] = sent(lane) }
        self.next &+= 1
    }

    /// Takes a fence that came back, and with it all before it.
    ///
    /// - Returns: Its number's slot for `mark`, or `nil` for one that is not out.
    mutating func returned(_ number: UInt64) -> Int? {
        guard number >= self.oldest, number < self.next else { return nil }
        self.oldest = number &+ 1
        return self.slot(number)
    }

    /// How many records of `lane` had been sent when the fence in `slot` left.
    func mark(_ slot: Int, lane: Int) -> UInt64 { self.marks[slot * self.lanes + lane] }

    mutating func removeAll() { self.oldest = self.next }

    private func slot(_ number: UInt64) -> Int { Int(number % UInt64(Self.slots)) }
}
