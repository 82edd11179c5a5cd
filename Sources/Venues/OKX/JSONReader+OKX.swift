import MarketModel

/// Where a walk through an object or a list has come to.
struct JSONWalk {
    var isFirst = true
    /// The key in front of which an object's walk stands.
    var key = 0..<0
}

/// Reading of objects and lists step by step, and of the numbers that OKX writes as text.
extension JSONReader {
    /// Goes to the value of an object's next key; false behind its end.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func nextKey(_ walk: inout JSONWalk) throws(JSONError) -> Bool {
        guard try self.goesOn(&walk, UInt8(ascii: "{"), UInt8(ascii: "}")) else { return false }
        walk.key = try self.string()
        try self.expect(UInt8(ascii: ":"))
        return true
    }

    /// Goes to the next element of a list; false behind its end.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func nextElement(_ walk: inout JSONWalk) throws(JSONError) -> Bool {
        try self.goesOn(&walk, UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func goesOn(_ walk: inout JSONWalk, _ open: UInt8, _ close: UInt8) throws(JSONError) -> Bool {
        if walk.isFirst {
            walk.isFirst = false
            try self.expect(open)
            return try !self.take(close)
        }
        if try self.take(UInt8(ascii: ",")) { return true }
        try self.expect(close)
        return false
    }

    /// Whether the bytes of `range` are this text.
    @inline(__always)
    func isText(_ text: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where self.bytes[range.lowerBound + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    /// Whether two runs hold the same bytes.
    @inline(__always)
    func isEqual(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count
        where self.bytes[left.lowerBound + offset] != self.bytes[right.lowerBound + offset] {
            return false
        }
        return true
    }

    /// Passes a string and gives its text; nil for empty text, and for what is no string.
    @_lifetime(self: copy self)
    mutating func givenText() throws(JSONError) -> Range<Int>? {
        guard try self.peek() == UInt8(ascii: "\"") else {
            try self.skipValue()
            return nil
        }
        let range = try self.string()
        return range.isEmpty ? nil : range
    }

    /// Passes a time in quotes: milliseconds since 1970.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func quotedMilliseconds() throws(JSONError) -> Timestamp {
        let range = try self.string()
        guard let value = self.number(at: range), value <= 9_000_000_000_000_000 else {
            throw .value(offset: range.lowerBound)
        }
        return Timestamp(milliseconds: Int64(value))
    }

    /// Passes an integer that may be below zero.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func signed() throws(JSONError) -> Int64 {
        let isNegative = try self.take(UInt8(ascii: "-"))
        let start = self.index
        guard let value = Int64(exactly: try self.unsigned()) else { throw .value(offset: start) }
        return isNegative ? -value : value
    }

    /// The number that the digits of `range` make; nil for anything else than one to 18 digits.
    @inline(__always)
    func number(at range: Range<Int>) -> UInt64? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value: UInt64 = 0
        for index in range {
            let digit = self.bytes[index] &- 48
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }
}
