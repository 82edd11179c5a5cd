import Glibc
import Synchronization

/// Says on disk that the collector lives, once a second, so that the next one can tell how long none did.
///
/// The file's first line is the time of day, microseconds since the epoch in 20 digits; each further one names a
/// connection. A torn write costs a name or leaves the time of a second before.
final class LifeSign: Sendable {
    /// More names are not read.
    private static let bytesMost = 1 << 20

    /// When the one before this was last alive, and what connections it had; nil where none is known.
    let before: (microseconds: Int64, connections: Set<String>)?
    private let path: String
    private let state: Mutex<State>

    private struct State {
        var written: [String]?
        /// Of the connections before, those that were not asked about.
        var left: Set<String>
    }

    /// - Parameter directory: Made by others; where it is missing there was nobody.
    init(directory: String) {
        self.path = directory + "/alive"
        let before = Self.read(self.path)
        self.before = before
        self.state = Mutex(State(left: before?.connections ?? []))
    }

    /// When the one before this watched over a connection of this name; nil where it did not, where its time lies ahead,
    /// and when this was asked before: a connection that is opened once more was not away for a restart.
    func takeLastSeen(_ connection: String, now: Int64) -> Int64? {
        let isLeft = self.state.withLock { $0.left.remove(connection) != nil }
        guard isLeft, let before = self.before, before.microseconds < now else { return nil }
        return before.microseconds
    }

    /// Writes a sign, once there are connections; the names only when they changed. False when it could not be written.
    func beat(now: Int64, connections: [String]) -> Bool {
        guard !connections.isEmpty else { return true }
        return self.state.withLock { state in
            let isSame = state.written == connections
            var text = String(max(0, now))
            text = String(repeating: "0", count: max(0, 20 - text.utf8.count)) + text + "\n"
            if !isSame { for name in connections { text += name + "\n" } }
            guard Self.write(Array(text.utf8), to: self.path, isWhole: !isSame) else { return false }
            state.written = connections
            return true
        }
    }

    private static func write(_ bytes: [UInt8], to path: String, isWhole: Bool) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else { return false }
        return !isWhole || ftruncate(descriptor, off_t(bytes.count)) == 0
    }

    private static func read(_ path: String) -> (microseconds: Int64, connections: Set<String>)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMost)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let lines = bytes[..<count].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard let first = lines.first, let microseconds = Int64(first), microseconds > 0 else { return nil }
        return (microseconds, Set(lines.dropFirst()))
    }
}
