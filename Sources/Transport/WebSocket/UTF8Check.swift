/// Checks text as RFC 3629 defines it, eight ASCII bytes a step.
enum UTF8Check {
    /// Whether `bytes` is whole, shortest-form UTF-8 without surrogates.
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        var index = 0
        while index < count {
            while index &+ 32 <= count {
                let a = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let b = base.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
                let c = base.loadUnaligned(fromByteOffset: index &+ 16, as: UInt64.self)
                let d = base.loadUnaligned(fromByteOffset: index &+ 24, as: UInt64.self)
                if (a | b | c | d) & 0x8080_8080_8080_8080 != 0 { break }
                index &+= 32
            }
            while index < count, base.load(fromByteOffset: index, as: UInt8.self) < 0x80 { index &+= 1 }
            guard index < count else { return true }
            let length = Self.sequenceLength(bytes, at: index)
            guard length > 0 else { return false }
            index &+= length
        }
        return true
    }

    /// Bytes of the sequence at `index`, which starts with a byte over 0x7F; 0 when it is none.
    private static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let left = bytes.count &- index
        func isContinuation(_ offset: Int, from low: UInt8 = 0x80, to high: UInt8 = 0xBF) -> Bool {
            left > offset && bytes[index &+ offset] >= low && bytes[index &+ offset] <= high
        }
        switch bytes[index] {
        case 0xC2...0xDF: return isContinuation(1) ? 2 : 0
        case 0xE0: return isContinuation(1, from: 0xA0) && isContinuation(2) ? 3 : 0
        case 0xED: return isContinuation(1, to: 0x9F) && isContinuation(2) ? 3 : 0
        case 0xE1...0xEF: return isContinuation(1) && isContinuation(2) ? 3 : 0
        case 0xF0: return isContinuation(1, from: 0x90) && isContinuation(2) && isContinuation(3) ? 4 : 0
        case 0xF1...0xF3: return isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
        case 0xF4: return isContinuation(1, to: 0x8F) && isContinuation(2) && isContinuation(3) ? 4 : 0
        default: return 0
        }
    }
}
