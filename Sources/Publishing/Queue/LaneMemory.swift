import Glibc
import Synchronization

/// The one allocation behind a lane: counters of the producer, counters of the publisher, then the ring.
///
/// The producer's words and the publisher's words lie on cache lines of their own (two lines apart, since the
/// prefetcher loads pairs). Every word has one writer; a block's version is odd while its writer changes it.
struct LaneMemory {
    typealias Word = Atomic<UInt64>

    /// Words written by the producer.
    enum Producer {
        @inline(__always) static var version: Int { 0 }
        @inline(__always) static var writtenPosition: Int { 1 }
        @inline(__always) static var writtenCount: Int { 2 }
        @inline(__always) static var writtenBytes: Int { 3 }
        @inline(__always) static var produced: Int { 4 }
        @inline(__always) static var conflated: Int { 5 }
        @inline(__always) static var dropped: Int { 6 }
        /// The producer's last look at the publisher's cursors, and where its open reservation begins.
        @inline(__always) static var seenReleasedPosition: Int { 7 }
        @inline(__always) static var seenReleasedCount: Int { 8 }
        @inline(__always) static var seenReleasedBytes: Int { 9 }
        @inline(__always) static var reservedPosition: Int { 10 }
        @inline(__always) static var reservedBytes: Int { 11 }
        /// The last position from which the producer went back to the ring's start; all ones before the first.
        @inline(__always) static var restartedPosition: Int { 12 }
    }

    /// Words written by the publisher.
    enum Publisher {
        @inline(__always) static var version: Int { 16 }
        @inline(__always) static var sentPosition: Int { 17 }
        @inline(__always) static var sentCount: Int { 18 }
        @inline(__always) static var releasedPosition: Int { 19 }
        @inline(__always) static var releasedCount: Int { 20 }
        @inline(__always) static var releasedBytes: Int { 21 }
        @inline(__always) static var confirmed: Int { 22 }
        @inline(__always) static var unconfirmed: Int { 23 }
        @inline(__always) static var dropped: Int { 24 }
        /// Records that went from the ring to the spool, and those of them that have left it since.
        @inline(__always) static var spooled: Int { 25 }
        @inline(__always) static var unspooled: Int { 26 }
    }

    /// Tables per message type: the producer's three, then the publisher's three.
    enum Table {
        static let types = MessageType.allCases.count
        static let reasons = DropReason.allCases.count
        static let producerStart = 32
        static let publisherStart = (producerStart + types * (2 + reasons) + 31) / 16 * 16
        static let end = (publisherStart + types * (2 + reasons) + 31) / 16 * 16

        static func produced(_ type: MessageType) -> Int { producerStart + Int(type.rawValue) }
        static func conflated(_ type: MessageType) -> Int { producerStart + types + Int(type.rawValue) }
        static func droppedByProducer(_ type: MessageType, _ reason: DropReason) -> Int {
            producerStart + types * (2 + Int(reason.rawValue)) + Int(type.rawValue)
        }
        static func confirmed(_ type: MessageType) -> Int { publisherStart + Int(type.rawValue) }
        static func unconfirmed(_ type: MessageType) -> Int { publisherStart + types + Int(type.rawValue) }
        static func droppedByPublisher(_ type: MessageType, _ reason: DropReason) -> Int {
            publisherStart + types * (2 + Int(reason.rawValue)) + Int(type.rawValue)
        }
    }

    let words: UnsafeMutablePointer<Word>
    let ring: UnsafeMutableRawPointer
    /// Bytes of the ring, a power of two.
    let capacity: Int

    init(capacity: Int) {
        precondition(capacity.nonzeroBitCount == 1, "the ring's size is a power of two")
        let base = UnsafeMutableRawPointer.allocate(
            byteCount: Table.end * MemoryLayout<Word>.stride + capacity, alignment: 128)
        self.words = base.bindMemory(to: Word.self, capacity: Table.end)
        for index in 0..<Table.end { (self.words + index).initialize(to: Atomic(0)) }
        self.words[Producer.restartedPosition].store(.max, ordering: .relaxed)
        self.ring = base + Table.end * MemoryLayout<Word>.stride
        self.capacity = capacity
    }

    func deallocate() {
        self.words.deinitialize(count: Table.end)
        UnsafeMutableRawPointer(self.words).deallocate()
    }

    /// The position of the ring's next start.
    @inline(__always)
    func nextStart(after position: UInt64) -> UInt64 {
        let capacity = UInt64(self.capacity)
        return position &+ capacity &- (position & (capacity &- 1))
    }

    @inline(__always)
    func own(_ index: Int) -> UInt64 { self.words[index].load(ordering: .relaxed) }

    @inline(__always)
    func look(_ index: Int) -> UInt64 { self.words[index].load(ordering: .acquiring) }

    @inline(__always)
    func set(_ index: Int, _ value: UInt64) { self.words[index].store(value, ordering: .relaxed) }

    @inline(__always)
    func publish(_ index: Int, _ value: UInt64) { self.words[index].store(value, ordering: .releasing) }

    /// Adds to a word that only the calling side writes.
    @inline(__always)
    func add(_ index: Int, _ amount: UInt64 = 1) { self.set(index, self.own(index) &+ amount) }

    /// Opens a change of the block whose version is at `version`.
    @inline(__always)
    func beginChange(_ version: Int) {
        self.set(version, self.own(version) &+ 1)
        atomicMemoryFence(ordering: .releasing)
    }

    @inline(__always)
    func endChange(_ version: Int) { self.publish(version, self.own(version) &+ 1) }
}
