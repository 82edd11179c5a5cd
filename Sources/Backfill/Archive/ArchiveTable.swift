internal import CArchive
internal import Glibc

/// The one table of a ZIP, read line by line with two buffers of fixed size, whatever it unpacks to.
///
/// Used by one thread at a time.
final class ArchiveTable {
    struct Limits {
        var lineBytes: Int
        /// What it may unpack to.
        var unpackedBytes: Int
    }

    enum Line {
        /// Without its end; lent until the next call. Not consumed: the same line comes again until `consume`.
        case line(UnsafeRawBufferPointer)
        /// Longer than lines may be; passed over.
        case tooLong
        case end
    }

    private static let blockBytes = 65_536

    private let limits: Limits
    private let name: String
    private let buffer: UnsafeMutableRawBufferPointer
    private var archive: OpaquePointer?
    /// What of the buffer was read and not given yet.
    private var start = 0
    private var filled = 0
    /// What of it holds no line's end.
    private var searched = 0
    private var isAtEnd = false
    /// In the middle of a line that is too long.
    private var isSkipping = false
    private(set) var bytesUnpacked = 0

    /// Opens a file up to the beginning of its table.
    init(path: String, limits: Limits) throws(ArchiveFailure) {
        self.limits = limits
        self.name = String(path.split(separator: "/").last ?? "")
        self.buffer = .allocate(byteCount: max(limits.lineBytes, 1) + 2 + Self.blockBytes, alignment: 16)
        self.archive = archive_read_new()
        archive_read_support_format_zip(self.archive)
        guard archive_read_open_filename(self.archive, path, Self.blockBytes) == ARCHIVE_OK else {
            throw self.damaged()
        }
        guard try self.findTable() else {
            throw ArchiveFailure(.damaged, "\(self.name): there is no table in it", mayHaveBeenSent: false)
        }
    }

    deinit {
        self.close()
        self.buffer.deallocate()
    }

    /// Closes the file; nothing can be read afterwards.
    func close() {
        // Closes it as well.
        if self.archive != nil { archive_read_free(self.archive) }
        self.archive = nil
        self.isAtEnd = true
    }

    /// Gives the first line that was not consumed.
    func next() throws(ArchiveFailure) -> Line {
        while true {
            if let end = self.lineEnd() { return self.given(to: end, next: end + 1) }
            if self.isAtEnd {
                guard self.isSkipping || self.start < self.filled else { return .end }
                return self.given(to: self.filled, next: self.filled)
            }
            // One more for the return before the end of the line.
            if self.filled - self.start > self.limits.lineBytes + 1 {
                self.isSkipping = true
                self.skip(to: self.filled)
            }
            try self.fill()
        }
    }

    private func given(to end: Int, next: Int) -> Line {
        let line = self.line(to: end)
        guard self.isSkipping || line.count > self.limits.lineBytes else { return .line(line) }
        self.isSkipping = false
        self.skip(to: next)
        return .tooLong
    }

    /// Goes on to the line behind the one that `next` gave.
    func consume() {
        self.skip(to: min((self.lineEnd() ?? self.filled) + 1, self.filled))
    }

    // MARK: - Private

    private func skip(to place: Int) {
        self.start = place
        self.searched = place
    }

    /// Where the line that begins at `start` ends; nil where its end was not read yet.
    private func lineEnd() -> Int? {
        guard self.searched < self.filled, let base = self.buffer.baseAddress,
            let found = memchr(base + self.searched, Int32(UInt8(ascii: "\n")), self.filled - self.searched)
        else {
            self.searched = self.filled
            return nil
        }
        let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
        self.searched = end
        return end
    }

    private func line(to end: Int) -> UnsafeRawBufferPointer {
        let hasReturn = end > self.start && self.buffer[end - 1] == UInt8(ascii: "\r")
        return UnsafeRawBufferPointer(rebasing: self.buffer[self.start..<(hasReturn ? end - 1 : end)])
    }

    private func fill() throws(ArchiveFailure) {
        if self.start > 0 {
            self.buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.buffer[self.start..<self.filled]))
            self.filled -= self.start
            self.searched -= self.start
            self.start = 0
        }
        let room = self.buffer.count - self.filled
        let count = archive_read_data(self.archive, self.buffer.baseAddress.map { $0 + self.filled }, room)
        guard count >= 0 else { throw self.damaged() }
        guard count > 0 else {
            guard try !self.findTable() else {
                throw ArchiveFailure(
                    .unreadable, "\(self.name): there is more than one table in it", mayHaveBeenSent: false)
            }
            self.isAtEnd = true
            return
        }
        let (sum, overflow) = self.bytesUnpacked.addingReportingOverflow(count)
        guard !overflow, sum <= self.limits.unpackedBytes else {
            throw ArchiveFailure(
                .tooLarge, "\(self.name): unpacks to more than \(self.limits.unpackedBytes) bytes",
                mayHaveBeenSent: false)
        }
        self.bytesUnpacked = sum
        self.filled += count
    }

    /// Goes to the next file inside; false where there is none.
    private func findTable() throws(ArchiveFailure) -> Bool {
        while true {
            var entry: OpaquePointer?
            let code = archive_read_next_header(self.archive, &entry)
            if code == ARCHIVE_EOF { return false }
            // A warning is about the name, which is not used.
            guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry else { throw self.damaged() }
            guard archive_entry_filetype(entry) == S_IFREG, !Self.isHidden(entry) else { continue }
            return true
        }
    }

    /// Whether a file is what some packers add about the others.
    private static func isHidden(_ entry: OpaquePointer) -> Bool {
        guard let name = archive_entry_pathname(entry) else { return false }
        return String(cString: name).hasPrefix("__MACOSX/")
    }

    private func damaged() -> ArchiveFailure {
        let text = archive_error_string(self.archive).map { String(cString: $0) } ?? "cannot be read"
        return ArchiveFailure(.damaged, "\(self.name): \(text)", mayHaveBeenSent: false)
    }
}
