import MarketModel

/// Reads `["61737.63000000","0.10000000"],…` as venues send it: no white space, no sign, no exponent, and whole numbers
/// behind the size, which are passed over.
///
/// The one place in the decoders that reads through a pointer: every load is of eight bytes of which all lie inside the
/// text, checked before. It stops in front of the first level that is not plain, or that a scale does not hold; the
/// careful reader goes on there and finds the error, if it is one.
enum PlainLevels {
    /// Where reading stopped.
    struct Stop {
        /// In front of a level, or behind the list's bracket.
        var index: Int
        var isAtEnd: Bool
    }

    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, into buffer: inout LevelBuffer, scales: DecimalScales
    ) -> Stop {
        guard let base = bytes.baseAddress, scales.price <= 8, scales.size <= 8 else {
            return Stop(index: start, isAtEnd: false)
        }
        let end = base + bytes.count
        let price = Scale(scales.price)
        let size = Scale(scales.size)
        var level = base + start
        while true {
            var place = level
            guard place + 2 <= end, place[0] == UInt8(ascii: "["), place[1] == UInt8(ascii: "\"") else { break }
            place += 2
            let priceMantissa = Self.decimal(&place, end, price)
            guard priceMantissa >= 0, place + 3 <= end, place[0] == UInt8(ascii: "\""), place[1] == UInt8(ascii: ","),
                place[2] == UInt8(ascii: "\"")
            else { break }
            place += 3
            let sizeMantissa = Self.decimal(&place, end, size)
            guard sizeMantissa >= 0, place + 3 <= end, place[0] == UInt8(ascii: "\"") else { break }
            place += 1
            if place[0] != UInt8(ascii: "]") {
                guard Self.pastRest(&place, end), place + 2 <= end, place[0] == UInt8(ascii: "]") else { break }
            }
            let next = place[1]
            guard next == UInt8(ascii: ",") || next == UInt8(ascii: "]"),
                buffer.append(Level(price: priceMantissa, size: sizeMantissa))
            else { break }
            level = place + 2
            if next == UInt8(ascii: "]") { return Stop(index: level - base, isAtEnd: true) }
        }
        return Stop(index: level - base, isAtEnd: false)
    }

    /// Passes a level's further entries, `,"0","4"`; false where one is not plain digits.
    private static func pastRest(_ place: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        while place < end, place[0] == UInt8(ascii: ",") {
            guard place + 2 <= end, place[1] == UInt8(ascii: "\"") else { return false }
            place += 2
            while place < end, place[0] &- 48 <= 9 { place += 1 }
            guard place < end, place[0] == UInt8(ascii: "\"") else { return false }
            place += 1
        }
        return true
    }

    /// A scale with what is computed from it once a list.
    private struct Scale {
        let bits: UInt64
        let shift: UInt64
        let power: Int64

        init(_ scale: UInt8) {
            self.bits = UInt64(scale) * 8
            self.shift = 64 - self.bits
            self.power = FixedPoint.smallPowerOfTen(Int(scale))
        }
    }

    /// Reads a decimal of at most seven digits before and eight after its point; -1 for any other text.
    @inline(__always)
    private static func decimal(
        _ place: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ scale: Scale
    ) -> Int64 {
        guard place + 8 <= end else { return -1 }
        let first = Self.load(place)
        let wholeBits = Self.digitBits(first)
        guard wholeBits > 0, wholeBits < 64 else { return -1 }
        let whole = Self.number(first &<< (64 &- wholeBits))
        place += Int(wholeBits &>> 3)
        guard place.pointee == UInt8(ascii: ".") else { return whole &* scale.power }
        place += 1
        guard place + 8 < end else { return -1 }
        let second = Self.load(place)
        let bits = Self.digitBits(second)
        guard bits > 0 else { return -1 }
        let digits = bits == 64 ? second : second & ((1 &<< bits) &- 1)
        place += Int(bits &>> 3)
        // A ninth digit, or digits past the scale that are not zero, are for the careful reader.
        guard bits < 64 || place.pointee &- 48 > 9, scale.bits == 64 || digits &>> scale.bits == 0 else { return -1 }
        guard scale.bits > 0 else { return whole }
        return whole &* scale.power &+ Self.number(digits &<< scale.shift)
    }

    /// Loads eight bytes, the first in the lowest, digits as their values.
    @inline(__always)
    private static func load(_ place: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self)) ^ 0x3030_3030_3030_3030
    }

    /// How many bits the digits at the front take: eight for each.
    @inline(__always)
    private static func digitBits(_ word: UInt64) -> UInt64 {
        // A byte above 9 shows in its upper half, at once or when 6 is added; a carry only reaches bytes behind it.
        let marks = ((word &+ 0x0606_0606_0606_0606) | word) & 0xF0F0_F0F0_F0F0_F0F0
        return UInt64(truncatingIfNeeded: marks.trailingZeroBitCount) & ~7
    }

    /// Gives the number that eight digits make, the first in the lowest byte.
    @inline(__always)
    private static func number(_ digits: UInt64) -> Int64 {
        let pairs = (digits &* 10) &+ (digits &>> 8)
        let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return Int64(truncatingIfNeeded: (low &+ high) &>> 32)
    }
}
