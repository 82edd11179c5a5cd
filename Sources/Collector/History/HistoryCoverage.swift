package import Backfill
import MarketModel
import Venues

/// Ranges of a series in an output: what is complete, or what is missing.
package struct HistoryCoverage: Hashable, Sendable {
    package let output: String
    package let series: HistorySeries
    package let ranges: TimeRanges

    /// Symbols of one command, which has to fit on a command line.
    private static let symbolsMost = 100

    package init(output: String, series: HistorySeries, ranges: TimeRanges) {
        self.output = output
        self.series = series
        self.ranges = ranges
    }

    /// What is missing of a stretch, or between the first and the last range; what is not final yet is missing nowhere.
    package func missing(in rangeMilliseconds: Range<Int64>?, nowMilliseconds: Int64) -> HistoryCoverage {
        var stretch = rangeMilliseconds
        if stretch == nil, let first = self.ranges.ranges.first, let last = self.ranges.ranges.last {
            stretch = first.lowerBound..<last.upperBound
        }
        guard let stretch else {
            return HistoryCoverage(output: self.output, series: self.series, ranges: TimeRanges())
        }
        let final = HistoryPlanner.end(of: self.series.kind, nowMilliseconds: nowMilliseconds)
        let end = max(stretch.lowerBound, min(stretch.upperBound, final))
        return HistoryCoverage(
            output: self.output, series: self.series,
            ranges: TimeRanges(self.ranges.missing(in: stretch.lowerBound..<end)))
    }

    /// The commands that fetch ranges: one for all symbols that lack the same of a kind.
    ///
    /// - Parameter file: The configuration's.
    package static func commands(_ missing: [HistoryCoverage], configuration file: String) -> [String] {
        struct Key: Hashable {
            let section: String
            let kind: String
            let range: Range<Int64>
            let output: String
        }
        var symbols: [Key: [String]] = [:]
        var keys: [Key] = []
        for entry in missing {
            for range in entry.ranges.ranges {
                let key = Key(
                    section: "\(entry.series.segment.venue.name).\(entry.series.segment.name)",
                    kind: entry.series.kind.description, range: range, output: entry.output)
                if symbols[key] == nil { keys.append(key) }
                symbols[key, default: []].append(entry.series.symbol)
            }
        }
        return keys.flatMap { key in
            let all = symbols[key] ?? []
            return stride(from: 0, to: all.count, by: Self.symbolsMost).map { first in
                let some = all[first..<min(first + Self.symbolsMost, all.count)]
                let words =
                    ["sluice", "backfill", "run", "--config", file, "--section", key.section, "--symbols"] + some
                    + ["--kinds", key.kind, "--from", Self.time(key.range.lowerBound), "--to"]
                    // A time on the command line has whole seconds; what is complete is not fetched again.
                    + [Self.time(key.range.upperBound + 999), "--output", key.output]
                return words.map(Self.quoted).joined(separator: " ")
            }
        }
    }

    private static func time(_ milliseconds: Int64) -> String {
        let seconds = milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000
        let text = UTCTime.format(seconds * 1_000)
        return seconds % 86_400 == 0 ? UTCTime.short(seconds * 1_000) : text.replacing(" ", with: "T") + "Z"
    }

    /// A word as a shell reads it back.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:,+@%".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
