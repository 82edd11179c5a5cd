/// Why a text is no value of a setting.
struct SettingRefusal: Error {
    /// What would be right, in words: `a duration from 100ms to 60s`.
    let expected: String
    /// The nearest right value.
    let nearest: String?

    init(_ expected: String, nearest: String? = nil) {
        self.expected = expected
        self.nearest = nearest
    }
}

/// Turns text into a setting's value, and back.
struct SettingParser<Value> {
    /// The kind of value in words, for the reference and for messages.
    let kind: String
    /// A right value, as it would be written.
    let example: String
    let parse: (String) throws(SettingRefusal) -> Value
    let format: (Value) -> String
}

extension SettingParser where Value == Int {
    /// A whole number in decimal digits, within a range.
    static func integer(_ range: ClosedRange<Int>) -> SettingParser<Int> {
        let kind = "whole number, \(range.lowerBound) to \(range.upperBound)"
        return SettingParser(kind: kind, example: "\(range.lowerBound)") { text throws(SettingRefusal) in
            let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber else { throw SettingRefusal(kind) }
            guard let number = Int(text), range.contains(number) else {
                let isTooLarge = Int(text).map { $0 > range.upperBound } ?? true
                throw SettingRefusal(kind, nearest: "\(isTooLarge ? range.upperBound : range.lowerBound)")
            }
            return number
        } format: {
            "\($0)"
        }
    }

    /// One of a few whole numbers.
    static func integer(oneOf values: [Int]) -> SettingParser<Int> {
        let kind = "one of \(values.map(String.init).joined(separator: ", "))"
        return SettingParser(kind: kind, example: "\(values.first ?? 0)") { text throws(SettingRefusal) in
            guard let number = Int(text) else { throw SettingRefusal(kind) }
            guard values.contains(number) else {
                throw SettingRefusal(kind, nearest: "\(values.first { $0 >= number } ?? values.last ?? 0)")
            }
            return number
        } format: {
            "\($0)"
        }
    }
}

extension SettingParser where Value == Int? {
    /// A whole number within a range, or a word that leaves the choice open.
    static func integer(_ range: ClosedRange<Int>, or word: String) -> SettingParser<Int?> {
        let integer = SettingParser<Int>.integer(range)
        let kind = "\(word), or \(integer.kind)"
        return SettingParser(kind: kind, example: word) { text throws(SettingRefusal) in
            if text == word { return nil }
            do throws(SettingRefusal) {
                return try integer.parse(text)
            } catch {
                throw SettingRefusal(kind, nearest: error.nearest ?? NearestName.find(text, among: [word]))
            }
        } format: {
            $0.map { "\($0)" } ?? word
        }
    }
}

extension SettingParser where Value == Bool {
    static var flag: SettingParser<Bool> {
        SettingParser(kind: "true or false", example: "true") { text throws(SettingRefusal) in
            switch text {
            case "true": return true
            case "false": return false
            default:
                let yes = ["yes", "on", "1", "y", "t"].contains(text.lowercased())
                let no = ["no", "off", "0", "n", "f"].contains(text.lowercased())
                let near = NearestName.find(text, among: ["true", "false"])
                throw SettingRefusal("true or false", nearest: yes ? "true" : no ? "false" : near)
            }
        } format: {
            "\($0)"
        }
    }
}

extension SettingParser where Value == Duration {
    /// Digits and a unit, within a range.
    static func duration(_ range: ClosedRange<Duration>) -> SettingParser<Duration> {
        let low = DurationText.format(range.lowerBound)
        let high = DurationText.format(range.upperBound)
        let kind = "duration, \(low) to \(high)"
        return SettingParser(kind: kind, example: low) { text throws(SettingRefusal) in
            guard let duration = DurationText.parse(text) else {
                throw SettingRefusal("\(kind), such as 100ms, 1s, 5m, 24h", nearest: DurationText.nearest(to: text))
            }
            guard range.contains(duration) else {
                throw SettingRefusal(kind, nearest: duration < range.lowerBound ? low : high)
            }
            return duration
        } format: {
            DurationText.format($0)
        }
    }
}

extension SettingParser where Value == ByteSize {
    /// Digits and a binary unit, within a range.
    static func size(_ range: ClosedRange<ByteSize>) -> SettingParser<ByteSize> {
        let kind = "size, \(range.lowerBound) to \(range.upperBound)"
        return SettingParser(kind: kind, example: "\(range.lowerBound)") { text throws(SettingRefusal) in
            guard let size = ByteSize(text: text) else {
                throw SettingRefusal("\(kind), such as 64KiB, 16MiB, 1GiB", nearest: ByteSize.nearest(to: text))
            }
            guard range.contains(size) else {
                throw SettingRefusal(kind, nearest: "\(size < range.lowerBound ? range.lowerBound : range.upperBound)")
            }
            return size
        } format: {
            $0.description
        }
    }
}

extension SettingParser where Value == Double {
    /// A factor in decimal digits with at most one point, within a range. Never a price or a size.
    static func factor(_ range: ClosedRange<Double>) -> SettingParser<Double> {
        let kind = "number, \(range.lowerBound) to \(range.upperBound)"
        return SettingParser(kind: kind, example: "\(range.upperBound)") { text throws(SettingRefusal) in
            let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e } && text.utf8.count <= 32
            guard isDecimal, let number = Double(text) else { throw SettingRefusal(kind) }
            guard range.contains(number) else {
                throw SettingRefusal(
                    kind, nearest: "\(number < range.lowerBound ? range.lowerBound : range.upperBound)")
            }
            return number
        } format: {
            "\($0)"
        }
    }
}

extension SettingParser where Value: RawRepresentable, Value.RawValue == String {
    /// One of the given words.
    static func choice(_ values: [Value]) -> SettingParser<Value> {
        let names = values.map(\.rawValue)
        let kind = "one of \(names.joined(separator: ", "))"
        return SettingParser(kind: kind, example: names.last ?? "") { text throws(SettingRefusal) in
            guard let value = values.first(where: { $0.rawValue == text }) else {
                throw SettingRefusal(kind, nearest: NearestName.find(text, among: names))
            }
            return value
        } format: {
            $0.rawValue
        }
    }
}

extension SettingParser where Value == String {
    /// One of the given words.
    static func word(of names: [String]) -> SettingParser<String> {
        let kind = "one of \(names.joined(separator: ", "))"
        return SettingParser(kind: kind, example: names.last ?? "") { text throws(SettingRefusal) in
            guard names.contains(text) else {
                throw SettingRefusal(kind, nearest: NearestName.find(text, among: names))
            }
            return text
        } format: {
            $0
        }
    }
}
