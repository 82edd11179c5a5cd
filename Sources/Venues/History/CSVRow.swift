import MarketModel

/// The fields of a line of comma-separated values, as venues write them: without commas inside of a field.
struct CSVRow: ~Escapable {
    /// Further fields are passed over.
    static let fieldsMax = 16

    let bytes: Span<UInt8>
    private(set) var count = 0
    private var fields = InlineArray<16, Range<Int>>(repeating: 0..<0)

    /// Splits a line; white space, quotes and the mark of UTF-8 around a field are none of it.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        let hasMark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        var start = hasMark ? 3 : 0
        var index = start
        while self.count < Self.fieldsMax {
            while index < bytes.count, bytes[index] != UInt8(ascii: ",") { index += 1 }
            self.fields[self.count] = Self.trimmed(bytes, start..<index)
            self.count += 1
            guard index < bytes.count else { return }
            index += 1
            start = index
        }
    }

    /// Where a field stands; empty for one that the line has not.
    subscript(place: Int) -> Range<Int> {
        place >= 0 && place < self.count ? self.fields[place] : 0..<0
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var range = range
        while !range.isEmpty, bytes[range.lowerBound] <= 0x20 { range = (range.lowerBound + 1)..<range.upperBound }
        while !range.isEmpty, bytes[range.upperBound - 1] <= 0x20 { range = range.lowerBound..<(range.upperBound - 1) }
        let quote = UInt8(ascii: "\"")
        guard range.count >= 2, bytes[range.lowerBound] == quote, bytes[range.upperBound - 1] == quote else {
            return range
        }
        return (range.lowerBound + 1)..<(range.upperBound - 1)
    }

    // MARK: - Headings

    /// The place of the column that has one of these names; nil where none has.
    ///
    /// A name ends where something else than a letter, a digit or an underscore follows: OKX put a second language behind.
    func place(of names: [StaticString]) -> Int? {
        for place in 0..<self.count where names.contains(where: { self.isName($0, at: place) }) { return place }
        return nil
    }

    private func isName(_ name: StaticString, at place: Int) -> Bool {
        var matched = 0
        for index in self[place] {
            let byte = self.bytes[index]
            let lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
            guard (97...122).contains(lower) || (48...57).contains(lower) || lower == UInt8(ascii: "_") else { break }
            guard matched < name.utf8CodeUnitCount, name.utf8Start[matched] == lower else { return false }
            matched += 1
        }
        return matched == name.utf8CodeUnitCount
    }

    // MARK: - Values

    /// Whether a field is this text.
    func isText(_ text: some Collection<UInt8>, at place: Int) -> Bool {
        let range = self[place]
        guard range.count == text.count else { return false }
        var index = range.lowerBound
        for byte in text {
            guard self.bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// Whether a field is this word of letters, whatever their case.
    func isWord(_ word: StaticString, at place: Int) -> Bool {
        let range = self[place]
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where self.bytes[range.lowerBound + offset] | 0x20 != word.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The whole number of a field of one to 18 digits.
    func number(at place: Int) throws(FrameRefusal) -> UInt64 {
        let range = self[place]
        guard !range.isEmpty, range.count <= 18 else { throw .missingField }
        var value: UInt64 = 0
        for index in range {
            let digit = self.bytes[index] &- 48
            guard digit <= 9 else { throw .missingField }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }

    /// Year 2255, far below where a sum of times would overflow.
    private static let timeMax: UInt64 = 9_000_000_000_000

    /// The time of a field: milliseconds since 1970, or microseconds, which have three digits more.
    func time(at place: Int) throws(FrameRefusal) -> Timestamp {
        let value = try self.number(at: place)
        if value <= Self.timeMax { return Timestamp(milliseconds: Int64(value)) }
        guard value >= 100_000_000_000_000, value <= Self.timeMax * 1_000 else { throw .missingField }
        return Timestamp(microseconds: Int64(value))
    }

    /// The time of a field that has it as people read it: `2026-10-07 00:05:00`, UTC.
    func clock(at place: Int) throws(FrameRefusal) -> Timestamp {
        let range = self[place]
        guard range.count == 19 else { throw .missingField }
        var numbers = InlineArray<6, Int>(repeating: 0)
        var part = 0
        for offset in 0..<19 {
            let byte = self.bytes[range.lowerBound + offset]
            switch offset {
            case 4, 7: guard byte == UInt8(ascii: "-") else { throw .missingField }
            case 10: guard byte == 0x20 || byte == UInt8(ascii: "T") else { throw .missingField }
            case 13, 16: guard byte == UInt8(ascii: ":") else { throw .missingField }
            default:
                guard byte &- 48 <= 9 else { throw .missingField }
                numbers[part] = numbers[part] * 10 + Int(byte &- 48)
                continue
            }
            part += 1
        }
        guard let day = CalendarDay(year: numbers[0], month: numbers[1], day: numbers[2]), numbers[3] < 24,
            numbers[4] < 60, numbers[5] < 60
        else { throw .missingField }
        let seconds = Int64(numbers[3] * 3_600 + numbers[4] * 60 + numbers[5])
        return Timestamp(milliseconds: day.startMilliseconds + seconds * 1_000)
    }

    /// A number of whatever length, as it stands.
    func text(at place: Int) throws(FrameRefusal) -> FrameText {
        let range = self[place]
        guard DecimalParts(self.bytes, range) != nil else { throw .missingField }
        return FrameText(offset: range.lowerBound, count: range.count)
    }

    func value(at place: Int, of instrument: InstrumentID) throws(FrameRefusal) -> DecimalValue {
        do throws(DecimalTextError) {
            return try DecimalValue(parsing: self.bytes, at: self[place])
        } catch {
            if error == .malformed { throw .missingField }
            throw .valueTooLarge(instrument)
        }
    }

    /// A price or size at the instrument's scale.
    func mantissa(
        at place: Int, _ field: LevelField, _ instrument: InstrumentID, _ scales: DecimalScales
    ) throws(FrameRefusal) -> Int64 {
        let range = self[place]
        guard !range.isEmpty else { throw .missingField }
        let scale = field == .price ? scales.price : scales.size
        var index = range.lowerBound
        do throws(DecimalTextError) {
            var mantissa = try self.bytes.decimal(at: &index, scale: scale)
            // An exponent, which the usual number has not.
            if index < range.upperBound { mantissa = try self.exponentMantissa(range, scale) }
            guard index <= range.upperBound, field == .price || mantissa >= 0 else { throw .malformed }
            return mantissa
        } catch {
            throw FrameRefusal(error, of: field, instrument, at: scales)
        }
    }

    private func exponentMantissa(_ range: Range<Int>, _ scale: UInt8) throws(DecimalTextError) -> Int64 {
        let value = try DecimalValue(parsing: self.bytes, at: range)
        guard value.scale <= scale else { throw .tooPrecise(needed: value.scale) }
        guard let mantissa = FixedPoint.rescale(value.mantissa, by: scale - value.scale) else { throw .overflow }
        return mantissa
    }
}
