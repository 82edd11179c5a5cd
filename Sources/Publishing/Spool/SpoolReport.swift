import Glibc

/// Why a spool cannot be used at all.
package struct SpoolError: Error, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Another process has the directory; its id where the lock file tells.
        case held(by: Int32?)
        /// It was written by another version of the program, in a format this one does not know.
        case otherVersion(UInt32)
        /// It cannot be made, read or locked.
        case unusable(errno: Int32)
    }

    package let kind: Kind
    package let directory: String

    package init(kind: Kind, directory: String) {
        self.kind = kind
        self.directory = directory
    }

    package var description: String {
        switch self.kind {
        case .held(let holder):
            let who = holder.map { "process \($0)" } ?? "another process"
            return "the spool \(self.directory) is in use by \(who)"
        case .otherVersion(let version):
            return "the spool \(self.directory) is in format \(version), this program knows \(SpoolFormat.version)"
        case .unusable(let code):
            return "the spool \(self.directory) cannot be used: \(String(cString: strerror(code)))"
        }
    }
}

/// Whether the spool can write and read at present.
package enum SpoolState: Sendable {
    case ready
    /// The operation that failed last, with its error, failing since then (µs since the epoch); it is tried again
    /// after a pause of 1...30 s.
    case failing(operation: StaticString, errno: Int32, since: Int64)

    package var isReady: Bool {
        switch self {
        case .ready: true
        case .failing: false
        }
    }
}

/// Why a record left the spool without having been released.
package enum SpoolDropCause: UInt8, CaseIterable, Sendable {
    /// The limit in bytes was reached.
    case full
    /// It was older than the limit in age.
    case expired
    /// It stood behind an unreadable record of its segment.
    case corrupt
}

/// What was found in the directory at start.
package struct SpoolRecovery: Sendable {
    /// Records that wait for being released.
    package internal(set) var records: UInt64 = 0
    /// Of the segment files that hold them.
    package internal(set) var bytes = 0
    /// Records that wait, by the raw value of `MessageType`.
    package internal(set) var recordsByType = [UInt64](repeating: 0, count: MessageType.allCases.count)
    /// The trades among them, by subject.
    var trades: [[UInt8]: TradeRuns] = [:]
    /// What was cut off the end of the last segment.
    package internal(set) var tornBytes = 0
    package internal(set) var tornTails = 0
    /// Segments before the last one from which records are missing.
    package internal(set) var corruptSegments = 0
    /// Records that were there by their numbers and cannot be read; each is counted at one start only.
    package internal(set) var lostRecords: UInt64 = 0
    /// Neither slot of the cursor file could be read although there is data: everything is published again.
    package internal(set) var isCursorLost = false
    package internal(set) var microseconds: Int64 = 0
}
