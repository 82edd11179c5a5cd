import MarketModel

/// The streams of one connection by the object that every frame repeats, with how many frames each has brought.
///
/// Plain memory of its own: looking a stream up counts no references and takes no copies.
struct OKXStreams: ~Copyable {
    /// A stream as the decoder needs it.
    struct Entry {
        var channel: OKXChannel
        /// Of the stream's symbol; the first one for a stream of the whole section.
        var instrument: InstrumentID
        /// Bytes of its symbol, or of the section's type.
        var subjectCount: Int32
        var frames: UInt64
        /// Frames of a book that carries no ids, counted.
        var counted: UInt64
    }

    /// A stream that was found, and where the frame names what it is about.
    struct Found {
        var place: Int
        var subject: Range<Int>
    }

    private var table = StreamTable()
    private var entries = UnsafeMutablePointer<Entry>.allocate(capacity: 16)
    private var capacity = 16
    private(set) var count = 0
    /// Where the object is put in the usual order when a frame has another one.
    private let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: StreamTable.nameMax)

    init() {}

    deinit {
        self.entries.deallocate()
        self.scratch.deallocate()
    }

    /// Registers a stream and gives its place; nil when there are too many, or the name is too long or known already.
    mutating func add(_ channel: OKXChannel, of subject: String, _ instrument: InstrumentID) -> Int? {
        let argument = Array(channel.argument(of: subject).utf8)
        guard argument.count <= StreamTable.nameMax, self.count < StreamTable.limit,
            self.table.value(of: argument.span, at: 0..<argument.count) == nil,
            self.table.insert(argument, value: Int32(self.count))
        else { return nil }
        if self.count == self.capacity {
            let wider = UnsafeMutablePointer<Entry>.allocate(capacity: self.capacity * 2)
            wider.moveInitialize(from: self.entries, count: self.count)
            self.entries.deallocate()
            self.entries = wider
            self.capacity *= 2
        }
        (self.entries + self.count).initialize(
            to: Entry(
                channel: channel, instrument: instrument, subjectCount: Int32(subject.utf8.count), frames: 0,
                counted: 0))
        self.count += 1
        return self.count - 1
    }

    /// Gives a stream up; its place stays.
    mutating func remove(at place: Int) {
        guard place >= 0, place < self.count else { return }
        self.table.removeName(of: Int32(place))
    }

    /// A stream that was found.
    @inline(__always)
    func entry(at place: Int) -> Entry {
        precondition(place >= 0 && place < self.count, "no such stream")
        return self.entries[place]
    }

    @inline(__always)
    mutating func countFrame(at place: Int) {
        precondition(place >= 0 && place < self.count, "no such stream")
        self.entries[place].frames &+= 1
    }

    mutating func setCounted(_ counted: UInt64, at place: Int) {
        precondition(place >= 0 && place < self.count, "no such stream")
        self.entries[place].counted = counted
    }

    /// Passes the object that the reader stands at, and finds its stream.
    @inline(__always)
    func find(_ reader: inout JSONReader) throws(JSONError) -> Found? {
        let start = try reader.position()
        try reader.skipValue()
        let range = start..<reader.index
        if let place = self.table.value(of: reader.bytes, at: range) {
            // `…"instId":"BTC-USDT"}`: the subject stands in front of the end.
            let end = range.upperBound - 2
            return Found(place: Int(place), subject: (end - Int(self.entries[Int(place)].subjectCount))..<end)
        }
        return try self.findReordered(reader.bytes, range)
    }

    /// Reads the object's keys, whatever their order, and puts it as it was registered.
    private func findReordered(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(JSONError) -> Found? {
        var reader = JSONReader(bytes, at: range.lowerBound)
        var channel: Range<Int>?
        var instrument: Range<Int>?
        var type: Range<Int>?
        var walk = JSONWalk()
        guard try reader.peek() == UInt8(ascii: "{") else { return nil }
        while try reader.nextKey(&walk) {
            if reader.isText("channel", at: walk.key) {
                channel = try reader.string()
            } else if reader.isText("instId", at: walk.key) {
                instrument = try reader.string()
            } else if reader.isText("instType", at: walk.key) {
                type = try reader.string()
            } else {
                try reader.skipValue()
            }
        }
        guard let channel else { return nil }
        return self.find(bytes, channel, "\",\"instId\":\"", instrument)
            ?? self.find(bytes, channel, "\",\"instType\":\"", type)
    }

    private func find(
        _ bytes: Span<UInt8>, _ channel: Range<Int>, _ between: StaticString, _ subject: Range<Int>?
    ) -> Found? {
        guard let subject else { return nil }
        let head: StaticString = "{\"channel\":\""
        let tail: StaticString = "\"}"
        var count = 0
        guard
            head.utf8CodeUnitCount + channel.count + between.utf8CodeUnitCount + subject.count
                + tail.utf8CodeUnitCount <= self.scratch.count
        else { return nil }
        self.put(head, &count)
        self.put(bytes, channel, &count)
        self.put(between, &count)
        self.put(bytes, subject, &count)
        self.put(tail, &count)
        let text = UnsafeBufferPointer(rebasing: self.scratch[..<count])
        guard let place = self.table.value(of: text.span, at: 0..<count) else { return nil }
        return Found(place: Int(place), subject: subject)
    }

    private func put(_ text: StaticString, _ count: inout Int) {
        for offset in 0..<text.utf8CodeUnitCount { self.scratch[count + offset] = text.utf8Start[offset] }
        count += text.utf8CodeUnitCount
    }

    private func put(_ bytes: Span<UInt8>, _ range: Range<Int>, _ count: inout Int) {
        for index in range {
            self.scratch[count] = bytes[index]
            count += 1
        }
    }
}
