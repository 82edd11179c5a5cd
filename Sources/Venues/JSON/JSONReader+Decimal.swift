import MarketModel

/// Which of a level's two numbers did not fit.
enum LevelField {
    case price, size
}

/// Why a list of levels could not be read.
enum LevelsError: Error {
    case json(JSONError)
    case decimal(LevelField, DecimalTextError)
    case tooMany
}

extension JSONReader {
    /// Passes a decimal in quotes: `"61737.63000000"`.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func quotedDecimal(scale: UInt8) throws(DecimalTextError) -> Int64 {
        guard self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: "\"") else { throw .malformed }
        self.index &+= 1
        let mantissa = try self.bytes.decimal(at: &self.index, scale: scale)
        guard self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: "\"") else { throw .malformed }
        self.index &+= 1
        return mantissa
    }

    /// Passes `[["price","size"],…]`, appends the levels and gives their run.
    ///
    /// Further entries of a level are passed over. A size below zero is malformed.
    @_lifetime(self: copy self)
    mutating func levels(
        into buffer: inout LevelBuffer, scales: DecimalScales
    ) throws(LevelsError) -> LevelBuffer.Run {
        let start = buffer.count
        do {
            try self.expect(UInt8(ascii: "["))
            if try self.take(UInt8(ascii: "]")) { return .empty }
            // Levels in the usual form are read in steps of eight bytes; whatever is unusual is read byte by byte.
            let scan = self.bytes.withUnsafeBufferPointer { bytes in
                PlainLevels.read(bytes, from: self.index, into: &buffer, scales: scales)
            }
            self.index = scan.index
            if scan.isAtEnd { return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count - start)) }
            while true {
                try self.expect(UInt8(ascii: "["))
                let price = try self.levelField(.price, scale: scales.price)
                try self.expect(UInt8(ascii: ","))
                let size = try self.levelField(.size, scale: scales.size)
                guard size >= 0 else { throw LevelsError.decimal(.size, .malformed) }
                while try self.take(UInt8(ascii: ",")) { try self.skipValue() }
                try self.expect(UInt8(ascii: "]"))
                guard buffer.append(Level(price: price, size: size)) else { throw LevelsError.tooMany }
                guard try self.take(UInt8(ascii: ",")) else { break }
            }
            try self.expect(UInt8(ascii: "]"))
        } catch let error as JSONError {
            throw .json(error)
        } catch let error as LevelsError {
            throw error
        } catch {
            throw .json(.truncated)
        }
        return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count - start))
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func levelField(_ field: LevelField, scale: UInt8) throws(LevelsError) -> Int64 {
        do {
            _ = try self.peek()
        } catch {
            throw .json(error)
        }
        do {
            return try self.quotedDecimal(scale: scale)
        } catch {
            throw .decimal(field, error)
        }
    }
}
