import Glibc

/// Times as people write them: `2026-10-01`, `2026-10-01T12:30Z`, `2026-10-01T12:30:15Z`; always UTC.
package enum UTCTime {
    /// Milliseconds since 1970; nil for what is no time.
    package static func parse(_ text: String) -> Int64? {
        let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " }).map(String.init)
        guard (1...2).contains(halves.count), let day = Self.numbers(halves[0], "-", digits: [4, 2, 2]) else {
            return nil
        }
        var clock: [Int32] = [0, 0, 0]
        if halves.count == 2 {
            let time = halves[1].hasSuffix("Z") ? String(halves[1].dropLast()) : halves[1]
            guard let read = Self.numbers(time, ":", digits: [2, 2, 2]) ?? Self.numbers(time, ":", digits: [2, 2]),
                read[0] < 24, read[1] < 60, read.count < 3 || read[2] < 60
            else { return nil }
            clock = read.count == 3 ? read : read + [0]
        }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (day[0] - 1_900, day[1] - 1, day[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        let seconds = timegm(&parts)
        // `timegm` takes the 31st of June for the 1st of July.
        guard seconds >= 0, parts.tm_mday == day[2], parts.tm_mon == day[1] - 1 else { return nil }
        return Int64(seconds) * 1_000
    }

    /// Numbers of so many digits each, between separators.
    private static func numbers(_ text: String, _ separator: Character, digits: [Int]) -> [Int32]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == digits.count else { return nil }
        var numbers: [Int32] = []
        for (part, count) in zip(parts, digits) {
            guard part.utf8.count == count, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int32(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// `2026-10-01 12:30:15`.
    package static func format(_ milliseconds: Int64) -> String { Self.format(milliseconds, "%Y-%m-%d %H:%M:%S") }

    /// `2026-10-01 12:30`, or the date alone at midnight.
    package static func short(_ milliseconds: Int64) -> String {
        Self.format(milliseconds, milliseconds % 86_400_000 == 0 ? "%Y-%m-%d" : "%Y-%m-%d %H:%M")
    }

    /// `20261001-123015`, for names.
    package static func stamp(_ milliseconds: Int64) -> String { Self.format(milliseconds, "%Y%m%d-%H%M%S") }

    private static func format(_ milliseconds: Int64, _ form: String) -> String {
        var seconds = time_t(milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "-" }
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, form, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
