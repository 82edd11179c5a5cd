package import Logging

/// How a line of the log looks.
package enum LogFormat: String, CaseIterable, Hashable, Sendable {
    /// `2026-11-21T03:04:05.123456Z INFO  loop-0 connected venue=binance slot=3`
    case human
    /// `{"time":"…","level":"info","label":"loop-0","message":"connected","venue":"binance"}`
    case json

    /// Renders one event, with the line feed that ends it; what is logged cannot begin a line of its own.
    ///
    /// Metadata come sorted by key. In JSON a key that the line itself uses gets `_` before it.
    package func line(
        unixMicroseconds: Int64, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata
    ) -> [UInt8] {
        let time = Self.timestamp(unixMicroseconds: unixMicroseconds)
        let sorted = metadata.sorted { $0.key < $1.key }
        switch self {
        case .human:
            let name = level.rawValue.uppercased()
            var text = "\(time) \(name)\(String(repeating: " ", count: max(8 - name.utf8.count, 0))) \(label) "
            text += Self.oneLine(message)
            for (key, value) in sorted { text += " \(Self.oneLine(key))=\(Self.word("\(value)"))" }
            return Array(text.utf8) + [UInt8(ascii: "\n")]
        case .json:
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("time", time)
                writer.field("level", level.rawValue)
                writer.field("label", label)
                writer.field("message", message)
                for (key, value) in sorted {
                    writer.field(Self.ownKeys.contains(key) ? "_" + key : key, LogValue(value: value))
                }
            }
            return writer.bytes + [UInt8(ascii: "\n")]
        }
    }

    private static let ownKeys: Set<String> = ["time", "level", "label", "message"]

    /// RFC 3339 in UTC, with microseconds.
    ///
    /// The civil date follows <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    static func timestamp(unixMicroseconds: Int64) -> String {
        let held = min(max(unixMicroseconds, 0), 253_402_300_799_999_999)
        let (seconds, microseconds) = held.quotientAndRemainder(dividingBy: 1_000_000)
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return self.digits(year, 4) + "-" + self.digits(month, 2) + "-" + self.digits(day, 2) + "T"
            + self.digits(second / 3600, 2) + ":" + self.digits(second / 60 % 60, 2) + ":"
            + self.digits(second % 60, 2) + "." + self.digits(microseconds, 6) + "Z"
    }

    private static func digits(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            line += Self.isControl(scalar) ? scalar.escaped(asASCII: true) : "\(scalar)"
        }
        return line
    }

    /// A value as one word, in quotes where it has spaces or quotes.
    private static func word(_ text: String) -> String {
        let line = Self.oneLine(text)
        guard line.isEmpty || line.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return line }
        return "\"" + line.replacing("\"", with: "\\\"") + "\""
    }
}

/// A metadata value with its lists and dictionaries kept.
private struct LogValue: JSONWritable {
    let value: Logger.MetadataValue

    func write(to writer: inout JSONWriter) {
        switch self.value {
        case .string(let text): writer.value(text)
        case .stringConvertible(let value): writer.value("\(value)")
        case .array(let values): writer.value(values.map { LogValue(value: $0) })
        case .dictionary(let values):
            writer.object { writer in
                for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                    writer.field(key, LogValue(value: value))
                }
            }
        }
    }
}
