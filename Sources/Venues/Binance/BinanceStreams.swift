import Glibc
import MarketModel

/// The streams of one connection by their names, with how many frames each has brought.
///
/// Plain memory of its own: looking a stream up counts no references and takes no copies.
package struct BinanceStreams: ~Copyable {
    /// A stream as the decoder needs it.
    struct Entry {
        var instrument: InstrumentID
        var kind: BinanceStream.Kind
        /// What of a mark price's frame is wanted.
        var bringsMarkPrice: Bool
        var bringsFundingRate: Bool
        var symbolStart: Int32
        var symbolCount: Int32
        var frames: UInt64
    }

    private var table = StreamTable()
    private var entries = UnsafeMutablePointer<Entry>.allocate(capacity: 16)
    private var capacity = 16
    package private(set) var count = 0
    private var symbols = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    private var symbolBytes = 0
    private var symbolCapacity = 256

    package init() {}

    deinit {
        self.entries.deallocate()
        self.symbols.deallocate()
    }

    /// Registers a stream and gives its place; nil when there are too many, or the name is too long or known already.
    package mutating func add(named name: String, _ stream: BinanceStream) -> Int? {
        guard stream.symbol.count <= StreamTable.nameMax, self.count < StreamTable.limit,
            self.index(of: name) == nil, self.table.insert(name.utf8, value: Int32(self.count))
        else { return nil }
        self.makeRoom(symbol: stream.symbol.count)
        for byte in stream.symbol {
            self.symbols[self.symbolBytes] = byte
            self.symbolBytes += 1
        }
        (self.entries + self.count).initialize(
            to: Entry(
                instrument: stream.instrument, kind: stream.kind,
                bringsMarkPrice: stream.types.contains(.markPrice),
                bringsFundingRate: stream.types.contains(.fundingRate),
                symbolStart: Int32(self.symbolBytes - stream.symbol.count), symbolCount: Int32(stream.symbol.count),
                frames: 0))
        self.count += 1
        return self.count - 1
    }

    /// Gives a stream up; its place stays.
    ///
    /// - Returns: Its instrument; nil when it was given up before, or is of no instrument.
    mutating func remove(at place: Int) -> InstrumentID? {
        guard place >= 0, place < self.count else { return nil }
        let names = self.table.count
        self.table.removeName(of: Int32(place))
        guard self.table.count < names, self.entries[place].symbolCount > 0 else { return nil }
        return self.entries[place].instrument
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

    /// Gives the place of a stream by its name; off the frame path.
    private func index(of name: String) -> Int32? {
        let bytes = Array(name.utf8)
        return self.table.value(of: bytes.span, at: 0..<bytes.count)
    }

    /// Frames of a stream since it was registered.
    package func frames(at index: Int) -> UInt64 {
        precondition(index >= 0 && index < self.count, "no such stream")
        return self.entries[index].frames
    }

    /// Finds the stream that is named at `range`, escapes as they stand.
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

    /// Gives a stream that `index(of:at:)` found, and counts a frame of it.
    @inline(__always)
    mutating func count(at index: Int) -> Entry {
        self.entries[index].frames &+= 1
        return self.entries[index]
    }

    /// Whether the text at `range` is the symbol of a stream, escapes or not.
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
}
