import MarketModel

@testable import Venues

/// Decimal text against a slow reader of it; the first byte is the scale.
enum DecimalFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let scale = first % (FixedPoint.scaleMax + 1)
        let text = Array(input[1...])
        let expected = SlowDecimal.read(text, scale: scale)
        Self.parse(text, scale, expected)
        Self.levels(text, scale, expected)
        if input.count >= 9 { Self.write(input.loadUnaligned(fromByteOffset: 1, as: Int64.self), scale) }
    }

    private static func parse(_ text: [UInt8], _ scale: UInt8, _ expected: SlowDecimal) {
        // Memory of just the text's size, so that the address sanitizer sees a read behind it.
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: text)
        var index = 0
        let found: SlowDecimal.Outcome
        do throws(DecimalTextError) {
            found = .value(try UnsafeBufferPointer(copy).span.decimal(at: &index, scale: scale))
            require(index == expected.end, "stopped at \(index), not \(expected.end)")
        } catch {
            found = .error(error)
        }
        require(found == expected.outcome, "\(found) is not \(expected.outcome)")
        if case .value(let mantissa) = found { Self.write(mantissa, scale) }
    }

    /// Lists of levels are read by another path, eight bytes a step.
    private static func levels(_ text: [UInt8], _ scale: UInt8, _ expected: SlowDecimal) {
        guard text.allSatisfy({ $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || (48...57).contains($0) }) else {
            return
        }
        let list = Array(#"[[""#.utf8) + text + Array(#"","7.5"],["1","0"]]"#.utf8)
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: list.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: list)
        var buffer = LevelBuffer()
        var reader = JSONReader(UnsafeBufferPointer(copy).span)
        var found: SlowDecimal.Outcome?
        do throws(LevelsError) {
            let run = try reader.levels(into: &buffer, scales: DecimalScales(price: scale, size: 8))
            require(run.count == 2 && reader.index == list.count, "a list of two levels has \(run.count)")
            require(buffer[0].size == 750_000_000 && buffer[1].size == 0, "another size")
            found = .value(buffer[0].price)
        } catch {
            switch error {
            case .decimal(.price, let error): found = .error(error)
            case .decimal(.size, _), .json, .tooMany: found = nil
            }
        }
        let all: SlowDecimal.Outcome
        if case .value = expected.outcome, expected.end != text.count {
            all = .error(.malformed)
        } else {
            all = expected.outcome
        }
        // The second level's price is 1, which every scale holds.
        require(found == all, "\(String(describing: found)) is not \(all)")
    }

    private static func write(_ number: Int64, _ scale: UInt8) {
        let mantissa = number % (FixedPoint.mantissaMax + 1)
        let text = FixedPoint.text(mantissa, scale: scale)
        require(text == SlowDecimal.text(mantissa, scale: scale), "\(mantissa) at \(scale) is not \(text)")
        require((try? FixedPoint.parse(text, scale: scale)) == mantissa, "\(text) does not read back")
    }
}
