package import Backfill
import Glibc
import MarketModel
import Publishing
import Venues

/// Writes rows of the past into compressed files, one for each UTC date of each piece.
///
/// `<root>/<type>[-<interval>]/<venue>/<market>/<symbol>/<date>/<from>-<to>.<format>.gz`, with the names of subjects and the
/// piece's range in milliseconds. A file is there whole or not at all; a piece that is done again replaces its own.
package final class FileHistoryOutput: HistoryOutput {
    package let name: String
    private let root: String
    private let format: HistoryFileFormat
    private let partial: PartialFiles

    /// Makes the folder, and removes what a killed process left unfinished in it; blocks for as long.
    package init(root: String, format: HistoryFileFormat) throws(HistoryOutputError) {
        var root = Substring(root)
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.root = String(root)
        self.name = "files:\(root)"
        self.format = format
        self.partial = try PartialFiles(in: self.root)
    }

    package func begin(_ piece: HistoryPiece) async throws(HistoryOutputError) -> any HistoryPieceOutput {
        FileHistoryPiece(piece, folder: self.folder(of: piece), format: self.format, partial: self.partial)
    }

    private func folder(of piece: HistoryPiece) -> String {
        let kind = piece.series.kind
        let type = kind.type.rawValue + (kind.interval.map { "-\($0.rawValue)" } ?? "")
        let instrument = piece.instrument
        let tokens = [instrument.venue.name, instrument.market.rawValue, instrument.symbol].map(Subjects.token)
        return ([self.root, type] + tokens).joined(separator: "/")
    }
}

/// A day of UTC, by its number since 1970.
struct UTCDate: Hashable, Comparable {
    private static let milliseconds: Int64 = 86_400_000

    let number: Int64

    init(number: Int64) { self.number = number }

    init(milliseconds: Int64) {
        self.number =
            (milliseconds &- (milliseconds % Self.milliseconds + Self.milliseconds) % Self.milliseconds)
            / Self.milliseconds
    }

    /// `2026-11-21`.
    var text: String {
        var time = time_t(self.number &* 86_400)
        var parts = tm()
        gmtime_r(&time, &parts)
        func digits(_ value: Int32, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return [digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2)]
            .joined(separator: "-")
    }

    static func < (left: UTCDate, right: UTCDate) -> Bool { left.number < right.number }
}
