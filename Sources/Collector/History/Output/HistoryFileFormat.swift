/// How rows of the past are written into files.
package enum HistoryFileFormat: String, Hashable, Sendable, CaseIterable {
    /// Comma-separated values under a line of names.
    case csv
    /// A JSON object a line.
    case jsonl

    /// What the names of files end in.
    var ending: String { "\(self.rawValue).gz" }
}
