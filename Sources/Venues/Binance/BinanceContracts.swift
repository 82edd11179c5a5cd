import MarketModel

/// What a connection remembers of its instruments: their symbols, and the funding that was told last.
///
/// Names come and go off the frame path; on it, an entry is read and written in place.
struct BinanceContracts: ~Copyable {
    private struct Entry {
        /// Whether its symbol stands in the table.
        var isKnown = false
        var streams = 0
        /// 0 until the venue said it.
        var intervalMicroseconds: Int64 = 0
        /// As told last; nothing before.
        var rate = DecimalValue.none
        var fundingTime = Timestamp.none
    }

    /// An interval that the venue gave for a symbol.
    struct Interval {
        var instrument: InstrumentID
        var microseconds: Int64
    }

    /// "Lists only adjusted symbols": every other one is charged each eight hours
    /// (https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-Info,
    /// read 2026-07-01).
    private static let usualInterval: Int64 = 8 * 3_600_000_000

    private var symbols = StreamTable()
    private var entries: [Entry] = []

    /// Registers an instrument under its symbol, which replaces another one it had.
    mutating func add(_ symbol: String, _ instrument: InstrumentID) {
        guard instrument.index >= 0 else { return }
        let index = Int(instrument.index)
        while self.entries.count <= index { self.entries.append(Entry()) }
        let bytes = Array(symbol.utf8)
        guard self.symbols.value(of: bytes.span, at: 0..<bytes.count) != instrument.index else { return }
        self.symbols.removeName(of: instrument.index)
        self.entries[index] = Entry()
        self.entries[index].isKnown = self.symbols.insert(bytes, value: instrument.index)
    }

    /// Counts a stream of an instrument that is registered.
    mutating func addStream(of instrument: InstrumentID) {
        guard let index = self.index(of: instrument) else { return }
        self.entries[index].streams += 1
    }

    /// Takes a stream back; with the last one the instrument is forgotten.
    mutating func removeStream(of instrument: InstrumentID) {
        guard let index = self.index(of: instrument), self.entries[index].streams > 0 else { return }
        self.entries[index].streams -= 1
        guard self.entries[index].streams == 0 else { return }
        self.symbols.removeName(of: instrument.index)
        self.entries[index] = Entry()
    }

    /// The instrument of the symbol at `range`, escapes or not; nil for one that is not collected here.
    func instrument(_ bytes: Span<UInt8>, _ range: Range<Int>) -> InstrumentID? {
        if let value = self.symbols.value(of: bytes, at: range) { return InstrumentID(Int(value)) }
        guard let text = JSONText.unescaped(bytes, range) else { return nil }
        return self.symbols.value(of: text.span, at: 0..<text.count).map { InstrumentID(Int($0)) }
    }

    /// Whether the symbol at `range` is another one than an instrument's; an instrument that is not known here may have
    /// any.
    func isOther(_ bytes: Span<UInt8>, _ range: Range<Int>, than instrument: InstrumentID) -> Bool {
        if let named = self.instrument(bytes, range) { return named != instrument }
        guard let index = self.index(of: instrument) else { return false }
        return self.entries[index].isKnown
    }

    /// Whether an instrument has a stream here.
    func isKnown(_ instrument: InstrumentID) -> Bool {
        self.index(of: instrument).map { self.entries[$0].isKnown } ?? false
    }

    // MARK: - Funding

    /// The venue's interval; 0 while it is not known.
    func interval(of instrument: InstrumentID) -> Int64 {
        self.index(of: instrument).map { self.entries[$0].intervalMicroseconds } ?? 0
    }

    /// Notes a rate and the time that it is charged at; false when both were told last.
    mutating func isNews(_ rate: DecimalValue, at fundingTime: Timestamp, of instrument: InstrumentID) -> Bool {
        guard let index = self.index(of: instrument) else { return true }
        guard self.entries[index].rate != rate || self.entries[index].fundingTime != fundingTime else { return false }
        self.entries[index].rate = rate
        self.entries[index].fundingTime = fundingTime
        return true
    }

    /// Takes the venue's list of intervals, which leaves out the usual ones.
    ///
    /// An instrument whose interval changed has its rate told again with the next frame.
    mutating func setIntervals(_ listed: [Interval]) {
        var told = [Int64](repeating: Self.usualInterval, count: self.entries.count)
        for interval in listed {
            guard let index = self.index(of: interval.instrument) else { continue }
            told[index] = interval.microseconds
        }
        for index in self.entries.indices where self.entries[index].isKnown {
            guard self.entries[index].intervalMicroseconds != told[index] else { continue }
            self.entries[index].intervalMicroseconds = told[index]
            self.entries[index].rate = .none
        }
    }

    private func index(of instrument: InstrumentID) -> Int? {
        let index = Int(instrument.index)
        return index >= 0 && index < self.entries.count ? index : nil
    }
}
