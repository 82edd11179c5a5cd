import Glibc

/// Streams a recording, plain or gzip, as batches of frames in memory it reuses.
///
/// One JSON object a line: `{"ts":<ns>,"conn":"<connection>","raw":"<frame text>"}`, where a message that the recorder
/// sent has `"direction":"sent"` too; other keys are passed over, other lines are counted and skipped. Once the buffer has its size and every connection has been seen, reading allocates
/// nothing.
///
///     while try reader.nextBatch() {
///         for frame in reader.frames { use(reader.bytes(of: frame), reader.connections[frame.connection]) }
///     }
package final class RecordingReader {
    /// What a reader may use at most.
    package struct Limits: Sendable {
        /// Frames in one batch.
        package var batchFrames = 4096
        /// Bytes of the buffer at the start, which is what a batch takes from the file.
        package var batchBytes = 512 * 1024
        /// The longest line; the buffer grows up to it.
        package var lineBytes = 64 * 1024 * 1024
        /// Different connection names.
        package var connections = 4096

        package init() {}
    }

    /// The current batch; its texts are valid until the next call of `nextBatch` or `rewind`.
    package private(set) var frames: [RecordedFrame] = []

    /// The names of connections seen so far, in order of first appearance. `rewind` keeps them.
    package private(set) var connections: [String] = []

    /// Whole lines read so far, since the last rewind.
    package private(set) var linesRead = 0

    /// Lines among them that were skipped because they are not a record; blank ones not counted.
    package private(set) var linesSkipped = 0

    /// The first line that was skipped, from 1.
    package private(set) var firstSkippedLine: Int?

    package let path: String

    private let limits: Limits
    private let file: RecordingFile
    private var buffer: UnsafeMutableRawBufferPointer
    private var unreadStart = 0
    private var unreadEnd = 0
    private var ended = false

    /// The names' bytes one after the other, and where each stands.
    private var connectionBytes: [UInt8] = []
    private var connectionRanges: [Range<Int>] = []

    /// Opens the file at `path`.
    ///
    /// - Throws: `.cannotOpen`, `.outOfMemory`.
    package init(path: String, limits: Limits = Limits()) throws(RecordingError) {
        do {
            self.file = try RecordingFile(path: path)
        } catch {
            throw RecordingError(error, path: path, line: 0)
        }
        self.path = path
        self.limits = limits
        self.buffer = .allocate(byteCount: max(limits.batchBytes, 4096), alignment: 16)
        self.frames.reserveCapacity(limits.batchFrames)
    }

    deinit {
        self.buffer.deallocate()
    }

    /// The text of a frame of the current batch.
    @inline(__always)
    package func bytes(of frame: RecordedFrame) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.buffer[frame.bytes])
    }

    /// The memory that the current batch's frames point into.
    package var arena: UnsafeRawBufferPointer { UnsafeRawBufferPointer(self.buffer) }

    /// Starts over at the first line.
    package func rewind() throws(RecordingError) {
        do {
            try self.file.rewind()
        } catch {
            throw RecordingError(error, path: self.path, line: self.linesRead)
        }
        self.frames.removeAll(keepingCapacity: true)
        self.unreadStart = 0
        self.unreadEnd = 0
        self.linesRead = 0
        self.linesSkipped = 0
        self.firstSkippedLine = nil
        self.ended = false
    }

    /// Reads the next batch into `frames`; `false` when the recording has ended.
    ///
    /// - Throws: `.readFailed`, `.damaged`, `.truncated`, `.lineTooLong`.
    package func nextBatch() throws(RecordingError) -> Bool {
        self.frames.removeAll(keepingCapacity: true)
        while true {
            self.decodeLines()
            if !self.frames.isEmpty { return true }
            if self.ended { return false }
            do {
                try self.fill()
            } catch {
                throw RecordingError(error, path: self.path, line: self.linesRead)
            }
        }
    }

    /// Moves the unread rest to the front and reads until the buffer is full or the file ends.
    private func fill() throws(RecordingError.Kind) {
        if self.unreadStart > 0 {
            self.buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: self.buffer[self.unreadStart..<self.unreadEnd]))
            self.unreadEnd -= self.unreadStart
            self.unreadStart = 0
        }
        if self.unreadEnd == self.buffer.count { try self.grow() }
        while self.unreadEnd < self.buffer.count {
            let free = UnsafeMutableRawBufferPointer(rebasing: self.buffer[self.unreadEnd...])
            let count = try self.file.read(into: free)
            guard count > 0 else {
                self.ended = true
                return
            }
            self.unreadEnd += count
        }
    }

    /// Makes room for one line that does not fit.
    private func grow() throws(RecordingError.Kind) {
        guard self.buffer.count < self.limits.lineBytes else { throw .lineTooLong(limit: self.limits.lineBytes) }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(self.buffer.count * 2, self.limits.lineBytes), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(self.buffer))
        self.buffer.deallocate()
        self.buffer = larger
    }

    /// Decodes whole lines until the batch is full or only part of a line is left.
    private func decodeLines() {
        guard let start = self.buffer.baseAddress else { return }
        while self.frames.count < self.limits.batchFrames, self.unreadStart < self.unreadEnd {
            let unread = self.unreadEnd - self.unreadStart
            let lineEnd: Int
            if let newline = memchr(start + self.unreadStart, 0x0A, unread) {
                lineEnd = UnsafeRawPointer(newline) - UnsafeRawPointer(start)
            } else if self.ended {
                lineEnd = self.unreadEnd
            } else {
                return
            }
            self.decode(self.unreadStart..<lineEnd, of: start.assumingMemoryBound(to: UInt8.self))
            self.unreadStart = min(lineEnd + 1, self.unreadEnd)
        }
    }

    private func decode(_ range: Range<Int>, of bytes: UnsafeMutablePointer<UInt8>) {
        self.linesRead += 1
        var line = RecordingLine(bytes: bytes, range: range)
        guard
            line.parse(), let received = line.receivedNanoseconds, let raw = line.raw, let name = line.connection,
            let connection = self.connectionIndex(
                of: UnsafeBufferPointer(start: bytes + name.lowerBound, count: name.count))
        else {
            if range.contains(where: { bytes[$0] > 0x20 }) {
                self.linesSkipped += 1
                self.firstSkippedLine = self.firstSkippedLine ?? self.linesRead
            }
            return
        }
        self.frames.append(
            RecordedFrame(
                receivedNanoseconds: received, connection: connection, isSent: line.isSent, bytes: raw))
    }

    private func connectionIndex(of name: UnsafeBufferPointer<UInt8>) -> Int? {
        let known = self.connectionBytes.withUnsafeBufferPointer { bytes in
            self.connectionRanges.firstIndex { range in
                range.count == name.count
                    && zip(bytes[range], name).allSatisfy { $0 == $1 }
            }
        }
        if let known { return known }
        guard self.connections.count < self.limits.connections else { return nil }
        let start = self.connectionBytes.count
        self.connectionBytes.append(contentsOf: name)
        self.connectionRanges.append(start..<self.connectionBytes.count)
        self.connections.append(String(decoding: name, as: UTF8.self))
        return self.connections.count - 1
    }
}
