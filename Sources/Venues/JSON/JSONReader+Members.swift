extension JSONReader {
    /// Passes an object's brace; true when a member follows.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func beginObject() throws(JSONError) -> Bool {
        try self.expect(UInt8(ascii: "{"))
        return try !self.take(UInt8(ascii: "}"))
    }

    /// Passes what follows a member; true when another one does.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func nextMember() throws(JSONError) -> Bool {
        if try self.take(UInt8(ascii: ",")) { return true }
        try self.expect(UInt8(ascii: "}"))
        return false
    }

    /// Passes a member's key and colon, and gives the key's text.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func key() throws(JSONError) -> Range<Int> {
        let key = try self.string()
        try self.expect(UInt8(ascii: ":"))
        return key
    }

    /// Passes an object's members up to the value of one; false when it has none of that name, and stands behind it.
    @_lifetime(self: copy self)
    mutating func passKey(_ name: StaticString) throws(JSONError) -> Bool {
        var isMember = try self.beginObject()
        while isMember {
            if self.isText(try self.key(), name) { return true }
            try self.skipValue()
            isMember = try self.nextMember()
        }
        return false
    }

    /// Passes an array's bracket; true when an element follows.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func beginArray() throws(JSONError) -> Bool {
        try self.expect(UInt8(ascii: "["))
        return try !self.take(UInt8(ascii: "]"))
    }

    /// Passes what follows an element; true when another one does.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func nextElement() throws(JSONError) -> Bool {
        if try self.take(UInt8(ascii: ",")) { return true }
        try self.expect(UInt8(ascii: "]"))
        return false
    }

    /// Passes `null` if it is next.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func takeNull() throws(JSONError) -> Bool {
        guard try self.peek() == UInt8(ascii: "n") else { return false }
        try self.literal("null")
        return true
    }

    /// Whether the text at `range` is `text`, which no escape is looked for in.
    @inline(__always)
    func isText(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where self.bytes[range.lowerBound &+ offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }
}
