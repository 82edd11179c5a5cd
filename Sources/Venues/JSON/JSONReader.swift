package import MarketModel

/// Why a frame's text could not be read.
package enum JSONError: Error, Equatable {
    /// Ends in the middle of a value.
    case truncated
    /// Another byte than JSON wants here.
    case unexpected(offset: Int)
    /// Nested deeper than `JSONReader.depthMax`.
    case tooDeep
    /// A number or text that the field cannot hold.
    case value(offset: Int)
}

/// Pulls values out of JSON text in one pass, without copying, allocating or trusting it.
///
/// It checks the structure it passes through and no more: a caller that skips a value learns only where it ends.
/// Every access is checked, so malformed text ends in an error and never outside the span.
package struct JSONReader: ~Escapable {
    /// The deepest nesting that `skipValue` follows.
    private static let depthMax = 64

    package let bytes: Span<UInt8>
    package var index: Int

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, at index: Int = 0) {
        self.bytes = bytes
        self.index = index
    }

    /// Gives the next byte that is not white space, without passing it.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func peek() throws(JSONError) -> UInt8 {
        while self.index < self.bytes.count {
            let byte = self.bytes[self.index]
            if byte > 0x20 { return byte }
            self.index &+= 1
        }
        throw .truncated
    }

    /// Passes one structural byte.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try self.peek() == byte else { throw .unexpected(offset: self.index) }
        self.index &+= 1
    }

    /// Passes `byte` if it is next.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func take(_ byte: UInt8) throws(JSONError) -> Bool {
        guard try self.peek() == byte else { return false }
        self.index &+= 1
        return true
    }

    /// Passes a string and gives the run between its quotes, escapes as they stand.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func string() throws(JSONError) -> Range<Int> {
        try self.expect(UInt8(ascii: "\""))
        let start = self.index
        while self.index < self.bytes.count {
            let byte = self.bytes[self.index]
            if byte == UInt8(ascii: "\"") {
                let range = start..<self.index
                self.index &+= 1
                return range
            }
            self.index &+= byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw .truncated
    }

    /// Passes an unsigned integer of at most 19 digits.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func unsigned() throws(JSONError) -> UInt64 {
        _ = try self.peek()
        let start = self.index
        var value: UInt64 = 0
        while self.index < self.bytes.count {
            let digit = self.bytes[self.index] &- 48
            guard digit <= 9 else { break }
            value = value &* 10 &+ UInt64(digit)
            self.index &+= 1
        }
        let digits = self.index - start
        guard digits > 0, digits <= 19 else { throw .value(offset: start) }
        return value
    }

    /// Passes an integer as `unsigned`, for times: at most 18 digits.
    @_lifetime(self: copy self)
    @inline(__always)
    package mutating func milliseconds() throws(JSONError) -> Timestamp {
        let start = self.index
        let value = try self.unsigned()
        guard value <= 9_000_000_000_000_000 else { throw .value(offset: start) }
        return Timestamp(milliseconds: Int64(value))
    }

    /// Passes `true` or `false`.
    @_lifetime(self: copy self)
    package mutating func boolean() throws(JSONError) -> Bool {
        let isTrue = try self.peek() == UInt8(ascii: "t")
        try self.literal(isTrue ? "true" : "false")
        return isTrue
    }

    /// Passes a literal such as `null`.
    @_lifetime(self: copy self)
    package mutating func literal(_ text: StaticString) throws(JSONError) {
        _ = try self.peek()
        guard self.index + text.utf8CodeUnitCount <= self.bytes.count else { throw .truncated }
        for offset in 0..<text.utf8CodeUnitCount where self.bytes[self.index + offset] != text.utf8Start[offset] {
            throw .unexpected(offset: self.index)
        }
        self.index += text.utf8CodeUnitCount
    }

    /// Passes any value, checking that its brackets match.
    @_lifetime(self: copy self)
    package mutating func skipValue() throws(JSONError) {
        var depth = 0
        // One bit a level: 1 for an object, so that a bracket cannot close a brace.
        var kinds: UInt64 = 0
        repeat {
            let byte = try self.peek()
            switch byte {
            case UInt8(ascii: "\""):
                _ = try self.string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < Self.depthMax else { throw .tooDeep }
                kinds = kinds << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
                depth += 1
                self.index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0, (kinds & 1 == 1) == (byte == UInt8(ascii: "}")) else {
                    throw .unexpected(offset: self.index)
                }
                kinds >>= 1
                depth -= 1
                self.index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw .unexpected(offset: self.index) }
                self.index += 1
            default:
                try self.skipScalar()
            }
        } while depth > 0
    }

    /// Passes a number or a literal.
    @_lifetime(self: copy self)
    mutating func skipScalar() throws(JSONError) {
        let start = self.index
        while self.index < self.bytes.count {
            switch self.bytes[self.index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
                self.index += 1
            default:
                guard self.index > start else { throw .unexpected(offset: start) }
                return
            }
        }
        guard self.index > start else { throw .truncated }
    }
}
