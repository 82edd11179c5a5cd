import Glibc
import MarketModel

/// The channels of one connection by their names, with how many frames each has brought.
///
/// Plain memory of its own: looking a channel up counts no references and takes no copies.
struct DeribitStreams: ~Copyable {
    /// What a ticker told last: the same again is no news.
    struct Told {
        var mark = DecimalValue.none
        var index = DecimalValue.none
        var rate = DecimalValue.none
        var settledRate = DecimalValue.none
        var openInterest = DecimalValue.none
    }

    /// A channel as the decoder needs it.
    struct Entry {
        var instrument: InstrumentID
        var kind: DeribitStream.Kind
        var wanted: DeribitWanted
        var symbolStart: Int32
        var symbolCount: Int32
        var frames: UInt64
        var told: Told
    }

    private var table = StreamTable()
    private var entries = UnsafeMutablePointer<Entry>.allocate(capacity: 16)
    private var capacity = 16
    private(set) var count = 0
    private var symbols = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    private var symbolBytes = 0
    private var symbolCapacity = 256

    init() {}

    deinit {
        self.entries.deallocate()
        self.symbols.deallocate()
    }

    /// Registers a channel and gives its place; nil when there are too many, or the name is too long or known already.
    mutating func add(
        named name: String, _ stream: DeribitStream, of instrument: InstrumentID, wanted: DeribitWanted
    ) -> Int? {
        let symbol = Array((stream.symbol ?? "").utf8)
        let bytes = Array(name.utf8)
        guard symbol.count <= StreamTable.nameMax, self.count < StreamTable.limit,
            self.table.value(of: bytes.span, at: 0..<bytes.count) == nil,
            self.table.insert(bytes, value: Int32(self.count))
        else { return nil }
        self.makeRoom(symbol: symbol.count)
        for byte in symbol {
            self.symbols[self.symbolBytes] = byte
            self.symbolBytes += 1
        }
        (self.entries + self.count).initialize(
            to: Entry(
                instrument: instrument, kind: stream.kind, wanted: wanted,
                symbolStart: Int32(self.symbolBytes - symbol.count), symbolCount: Int32(symbol.count), frames: 0,
                told: Told()))
        self.count += 1
        return self.count - 1
    }

    /// Gives a channel up; its place stays.
    mutating func remove(at place: Int) {
        guard place >= 0, place < self.count else { return }
        self.table.removeName(of: Int32(place))
    }

    /// Frames of a channel since it was registered.
    func frames(at place: Int) -> UInt64 {
        precondition(place >= 0 && place < self.count, "no such stream")
        return self.entries[place].frames
    }

    /// Finds the channel that is named at `range`, escapes as they stand.
    @inline(__always)
    func index(of bytes: Span<UInt8>, at range: Range<Int>) -> Int? {
        if let index = self.table.value(of: bytes, at: range) { return Int(index) }
        return self.unescapedIndex(of: bytes, at: range)
    }

    /// A name with escapes is the same name.
    private func unescapedIndex(of bytes: Span<UInt8>, at range: Range<Int>) -> Int? {
        for position in range where bytes[position] == UInt8(ascii: "\\") {
            guard let name = JSONText.unescaped(bytes, range) else { return nil }
            return self.table.value(of: name.span, at: 0..<name.count).map(Int.init)
        }
        return nil
    }

    /// Gives a channel that `index(of:at:)` found, and counts a frame of it.
    @inline(__always)
    mutating func count(at index: Int) -> Entry {
        self.entries[index].frames &+= 1
        return self.entries[index]
    }

    /// Notes what a channel that `index(of:at:)` found told.
    @inline(__always)
    mutating func note(_ told: Told, at index: Int) {
        self.entries[index].told = told
    }

    /// Whether the text at `range` is the symbol of a channel, escapes or not.
    @inline(__always)
    func isSymbol(_ bytes: Span<UInt8>, _ range: Range<Int>, of entry: Entry) -> Bool {
        let symbol = UnsafeBufferPointer(start: self.symbols + Int(entry.symbolStart), count: Int(entry.symbolCount))
        let isEqual = bytes.withUnsafeBufferPointer { all in
            guard range.count == symbol.count, range.upperBound <= all.count, let base = all.baseAddress,
                let other = symbol.baseAddress
            else { return false }
            return memcmp(base + range.lowerBound, other, symbol.count) == 0
        }
        if isEqual { return true }
        guard let text = JSONText.unescaped(bytes, range) else { return false }
        return text.elementsEqual(symbol)
    }

    /// Whether the text at `range` is the symbol of an instrument that has a channel here.
    func isSymbol(_ bytes: Span<UInt8>, _ range: Range<Int>, of instrument: InstrumentID) -> Bool {
        for place in 0..<self.count where self.entries[place].symbolCount > 0 {
            guard self.entries[place].instrument == instrument else { continue }
            return self.isSymbol(bytes, range, of: self.entries[place])
        }
        return false
    }

    /// Whether the text at `range` is the symbol of the book that an instrument has here.
    func isBook(of instrument: InstrumentID, _ range: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        (0..<self.count).contains { place in
            let entry = self.entries[place]
            return entry.instrument == instrument && entry.kind == .book && self.isSymbol(bytes, range, of: entry)
        }
    }

    private mutating func makeRoom(symbol: Int) {
        if self.count == self.capacity {
            let wider = UnsafeMutablePointer<Entry>.allocate(capacity: self.capacity * 2)
            wider.moveInitialize(from: self.entries, count: self.count)
            self.entries.deallocate()
            self.entries = wider
            self.capacity *= 2
        }
        guard self.symbolBytes + symbol > self.symbolCapacity else { return }
        let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: self.symbolCapacity * 2 + symbol)
        wider.moveInitialize(from: self.symbols, count: self.symbolBytes)
        self.symbols.deallocate()
        self.symbols = wider
        self.symbolCapacity = self.symbolCapacity * 2 + symbol
    }
}
