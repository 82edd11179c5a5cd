@testable import Transport

/// The frame parser, the inflater and the text check; the first byte chooses one of them and how bytes are cut.
enum WebSocketFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: input[1...])
        switch choice & 3 {
        case 0, 3: Self.frames(bytes, seed: choice >> 2)
        case 1: Self.inflate(bytes, choice >> 2)
        default: Self.text(bytes)
        }
    }

    // MARK: - Frames

    private struct Frames: Equatable {
        var frames: [String] = []
        var closeCode: Int?
    }

    /// The same frames come out however the bytes arrive.
    private static func frames(_ bytes: UnsafeRawBufferPointer, seed: UInt8) {
        let whole = Self.parse([bytes])
        let cut = Self.parse(pieces(of: bytes, seed: seed))
        require(whole == cut, "\(whole) is not \(cut)")
        if whole.closeCode == nil {
            require(fuzzWebSocketFrames(bytes) == whole.frames.count, "another count of frames")
        }
    }

    private static func parse(_ cuts: [UnsafeRawBufferPointer]) -> Frames {
        var waiting: [UInt8] = []
        var found = Frames()
        do throws(WebSocketViolation) {
            for cut in cuts {
                waiting += cut
                while true {
                    // A copy of just its size, so that the address sanitizer sees a read behind it.
                    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: waiting.count, alignment: 1)
                    defer { copy.deallocate() }
                    copy.copyBytes(from: waiting)
                    guard let frame = try WebSocketFrame.parse(copy, payloadLimit: 300) else {
                        require(copy.elementsEqual(waiting), "an unfinished frame was unmasked")
                        break
                    }
                    let payload = copy[frame.payload]
                    require(payload.count <= 300, "a payload past its limit")
                    require(!frame.opcode.isControl || (frame.isFinal && payload.count <= 125), "a bad control frame")
                    found.frames.append("\(frame.opcode) \(frame.isFinal) \(Array(payload))")
                    waiting.removeFirst(frame.payload.upperBound)
                }
            }
        } catch {
            found.closeCode = error.closeCode
        }
        return found
    }

    // MARK: - Compression

    /// Messages stay within their limit; what one inflater makes of them, a second one makes too.
    private static func inflate(_ bytes: UnsafeRawBufferPointer, _ choice: UInt8) {
        let limit = choice & 1 == 0 ? 1_000 : 200_000
        let left = Self.inflater(limit, choice)
        let right = Self.inflater(limit, choice)
        for message in bytes.split(separator: 0x0A, maxSplits: 8, omittingEmptySubsequences: false) {
            let compressed = UnsafeRawBufferPointer(rebasing: message)
            let first = Self.describe(left.inflate(compressed), limit)
            let second = Self.describe(right.inflate(compressed), limit)
            require(first == second, "\(first) is not \(second)")
            // The connection is closed with the first message that is refused.
            guard case .plain = first else { return }
        }
    }

    private enum Inflated: Equatable {
        case plain([UInt8]), invalid, tooLarge
    }

    private static func inflater(_ limit: Int, _ choice: UInt8) -> MessageInflater {
        let inflater = MessageInflater(limit: limit)
        inflater.serverForgetsWindow = choice & 2 != 0
        inflater.windowBits = Int32(choice >> 2)
        return inflater
    }

    private static func describe(_ outcome: MessageInflater.Outcome, _ limit: Int) -> Inflated {
        switch outcome {
        case .message(let plain):
            require(plain.count <= limit, "a message past its limit")
            return .plain(Array(plain))
        case .invalid: return .invalid
        case .tooLarge: return .tooLarge
        }
    }

    // MARK: - Text

    /// The text check agrees with the standard library's.
    private static func text(_ bytes: UnsafeRawBufferPointer) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyMemory(from: bytes)
        let reference = String(validating: Array(bytes), as: UTF8.self) != nil
        require(UTF8Check.isValid(UnsafeRawBufferPointer(copy)) == reference, "UTF-8 is \(reference)")
    }
}
