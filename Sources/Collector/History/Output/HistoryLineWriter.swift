import MarketModel
import Publishing

/// Writes one line of fields: their names, their values, or both.
///
/// One description of a row serves for the heading of a table, its lines, and objects of JSON, so that the three agree.
struct HistoryLineWriter: ~Copyable {
    enum Style {
        /// The heading of comma-separated values.
        case names
        /// Comma-separated values; empty for what is not given.
        case values
        /// A JSON object; numbers of a market in quotes, `null` for what is not given.
        case object
    }

    private let style: Style
    private var writer: ByteWriter
    private var isFirst = true

    /// - Parameter memory: Large enough for the line: the writer does not look.
    init(_ style: Style, _ memory: UnsafeMutableRawBufferPointer) {
        self.style = style
        self.writer = ByteWriter(memory)
    }

    /// Ends the line and gives its length.
    consuming func end() -> Int {
        if self.style == .object { self.writer.byte(UInt8(ascii: "}")) }
        self.writer.byte(UInt8(ascii: "\n"))
        self.writer.close()
        return self.writer.count
    }

    /// Writes a count or a time; nil for none.
    mutating func integer(_ name: StaticString, _ value: Int64?) {
        guard self.begin(name, isGiven: value != nil), let value else { return }
        self.writer.decimal(value, scale: 0)
    }

    /// Writes an id of a venue's count; 0 for none.
    mutating func count(_ name: StaticString, _ value: UInt64) {
        guard self.begin(name, isGiven: value != 0) else { return }
        self.quote()
        self.writer.unsigned(value)
        self.quote()
    }

    mutating func decimal(_ name: StaticString, _ value: DecimalValue) {
        guard self.begin(name, isGiven: value.isGiven) else { return }
        self.quote()
        self.writer.decimal(value)
        self.quote()
    }

    /// Writes a number at a scale; nil for none.
    mutating func decimal(_ name: StaticString, _ mantissa: Int64?, scale: UInt8) {
        guard self.begin(name, isGiven: mantissa != nil), let mantissa else { return }
        self.quote()
        self.writer.decimal(mantissa, scale: scale)
        self.quote()
    }

    mutating func decimal(_ name: StaticString, _ parts: DecimalParts?, of frame: Span<UInt8>) {
        guard self.begin(name, isGiven: parts != nil) else { return }
        self.quote()
        self.writer.decimal(parts, of: frame)
        self.quote()
    }

    /// Writes a word of our own, or one that needs no escapes.
    mutating func word(_ name: StaticString, _ word: String) {
        guard self.begin(name, isGiven: true) else { return }
        self.quote()
        self.writer.token(word)
        self.quote()
    }

    mutating func bytes(_ name: StaticString, _ bytes: UnsafeRawBufferPointer) {
        guard self.begin(name, isGiven: true) else { return }
        self.quote()
        self.writer.bytes(bytes)
        self.quote()
    }

    mutating func flag(_ name: StaticString, _ isSet: Bool) {
        guard self.begin(name, isGiven: true) else { return }
        self.writer.text(isSet ? "true" : "false")
    }

    /// Writes what stands before a value; true when the value is to follow.
    private mutating func begin(_ name: StaticString, isGiven: Bool) -> Bool {
        switch self.style {
        case .names:
            if !self.isFirst { self.writer.byte(UInt8(ascii: ",")) }
            self.writer.text(name)
        case .values:
            if !self.isFirst { self.writer.byte(UInt8(ascii: ",")) }
        case .object:
            self.writer.text(self.isFirst ? "{\"" : ",\"")
            self.writer.text(name)
            self.writer.text(isGiven ? "\":" : "\":null")
        }
        self.isFirst = false
        return isGiven && self.style != .names
    }

    private mutating func quote() {
        if self.style == .object { self.writer.byte(UInt8(ascii: "\"")) }
    }
}
