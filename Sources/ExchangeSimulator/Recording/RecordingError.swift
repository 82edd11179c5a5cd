/// Why a recording could not be read on, with the file and the line it stopped at.
package struct RecordingError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Error, Equatable, Sendable {
        /// The file could not be opened; the system's error number.
        case cannotOpen(errno: Int32)
        /// Reading failed half way; the system's error number.
        case readFailed(errno: Int32)
        /// The compressed data is damaged; the library's code.
        case damaged(code: Int32)
        /// The compressed data ends before its end mark.
        case truncated
        /// A line is longer than the reader's limit in bytes.
        case lineTooLong(limit: Int)
        /// The decompressor could not be set up.
        case outOfMemory
    }

    package let kind: Kind
    package let path: String

    /// The last whole line read before, counted from 1; 0 before the first.
    package let line: Int

    package init(_ kind: Kind, path: String, line: Int) {
        self.kind = kind
        self.path = path
        self.line = line
    }

    package var description: String {
        let reason =
            switch self.kind {
            case .cannotOpen(let code): "cannot be opened (error \(code))"
            case .readFailed(let code): "cannot be read (error \(code))"
            case .damaged(let code): "has damaged compressed data (code \(code))"
            case .truncated: "ends in the middle of its compressed data"
            case .lineTooLong(let limit): "has a line of more than \(limit) bytes"
            case .outOfMemory: "cannot be decompressed: out of memory"
            }
        return "\(self.path) \(reason), after line \(self.line)"
    }
}
