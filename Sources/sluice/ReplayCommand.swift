import ArgumentParser
import Collector
import ExchangeSimulator
import Glibc

/// Pushes a recording through the pipeline and prints what it measured.
struct ReplayCommand: ParsableCommand {
    static let configuration = ReplayOptions.command

    @OptionGroup var options: ReplayOptions

    func run() throws {
        let depth: Int? =
            switch self.options.depth {
            case .levels(let levels): levels
            case .unlimited: nil
            }
        let result: ReplayResult
        do throws(RecordingError) {
            result = try Replay.play(
                path: self.options.recording, depth: depth, repetitions: self.options.repetitions,
                makesReport: self.options.report != nil)
        } catch {
            throw ValidationError("\(error)")
        }
        for line in Self.lines(result) { print(line) }
        if let path = self.options.report, let report = result.report { try Self.write(report, to: path) }
    }

    private static func lines(_ result: ReplayResult) -> [String] {
        let seconds = Double(result.nanoseconds) / 1e9
        let rate = seconds > 0 ? Double(result.frames) / seconds : 0
        let trusted = result.applied > 0 ? 100 * Double(result.trusted) / Double(result.applied) : 0
        var lines = [
            "frames            \(result.frames), \(result.refused) refused, \(result.gaps) gaps",
            "frames a second   \(Int(rate))",
            "µs a frame        p50 \(Self.micros(result.p50Nanoseconds))  p99 \(Self.micros(result.p99Nanoseconds))"
                + "  max \(Self.micros(result.maxNanoseconds))",
            "views complete    \(Self.hundredths(trusted))% of \(result.applied) applied depth frames",
            "encoded           \(result.messages) messages, \(result.encodedBytes) bytes",
            "peak memory       \(result.peakResidentBytes / 1_048_576) MiB",
        ]
        for venue in result.venues { lines += Self.lines(venue) }
        if result.framesOfNobody > 0 { lines.append("of no known venue \(result.framesOfNobody) frames") }
        return lines
    }

    private static func lines(_ venue: ReplayedVenue) -> [String] {
        let reasons = venue.refusedByReason.map { " \($0.reason) \($0.count)" }.joined(separator: ",")
        let name = "\(venue.venue)"
        let title = name + String(repeating: " ", count: max(1, 18 - name.count))
        let blank = String(repeating: " ", count: 18)
        return [
            title
                + "\(venue.frames) frames of \(venue.instruments) instruments; refused\(reasons.isEmpty ? " 0" : reasons)",
            blank + "\(venue.answers) answers, \(venue.notCollected) frames of streams that are not collected",
            blank + "\(venue.snapshots) snapshots, \(venue.applied) changes, \(venue.levels) levels; "
                + "\(venue.gaps) gaps, \(venue.crossed) crossed",
            blank + "\(venue.checksums - venue.checksumFailures) checksums verified, \(venue.checksumFailures) failed",
            blank + "\(venue.trades) trades, \(venue.tradesTwice) came twice",
        ]
    }

    private static func micros(_ nanoseconds: UInt64) -> String { Self.hundredths(Double(nanoseconds) / 1_000) }

    private static func hundredths(_ value: Double) -> String {
        let scaled = Int((value * 100).rounded())
        let fraction = scaled % 100
        return "\(scaled / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw ValidationError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let written = fputs(text, file)
        guard fclose(file) == 0, written >= 0 else {
            throw ValidationError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
