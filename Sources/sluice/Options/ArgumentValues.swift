import ArgumentParser
import Collector

/// A duration on the command line: `500ms`, `30s`, `5m`.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration

    init(duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = DurationText.parse(argument), duration > .zero else { return nil }
        self.duration = duration
    }

    /// As it would be written, for `--help`.
    var description: String { DurationText.format(self.duration) }
    var defaultValueDescription: String { self.description }
}

/// A book's depth on the command line: a number of levels, or `unlimited`.
enum DepthArgument: ExpressibleByArgument, Equatable {
    case levels(Int)
    case unlimited

    init?(argument: String) {
        if argument == "unlimited" {
            self = .unlimited
        } else if let levels = Int(argument), (1...1_000_000).contains(levels) {
            self = .levels(levels)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .levels(let levels): "\(levels)"
        case .unlimited: "unlimited"
        }
    }
}

extension LogSettings.Format: ExpressibleByArgument {}
extension LogSettings.Level: ExpressibleByArgument {}
