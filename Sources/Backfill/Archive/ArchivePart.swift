internal import Glibc
internal import Synchronization
internal import Transport

/// One try to fetch a file, or the rest of it: takes an answer and writes it where it belongs.
///
/// Its answer comes on the client's loop, which waits while a piece is written: that loop carries no live data. Before
/// and after the exchange one task uses it.
final class ArchivePart: Sendable {
    private enum Mode {
        case waiting
        case taking
        /// An answer that brings no file; its text is kept for the report.
        case refused
    }

    private struct State {
        var mode = Mode.waiting
        /// What is there and is gone on with; nil where it begins anew.
        var note: PartNote?
        /// Where the next byte goes.
        var offset: Int
        var received = 0
        /// Bytes that were there and are gone on with.
        var resumed = 0
        var text: [UInt8] = []
        var skipped = 0
        var problem: ArchiveFailure?
    }

    /// Bytes of an answer without a file that are read, so that its connection can be used again.
    private static let refusalBytes = 65_536
    private static let noteBytes = 8_192

    // Not the claim: the loop may let go of this a moment after the exchange.
    private let folder: ArchiveFolder
    private let name: String
    private let identity: String
    private let bytesMost: Int
    private let file: ArchiveFile
    private let state: Mutex<State>

    /// Opens what is there, or an empty file.
    ///
    /// - Parameter identity: What the file is known by, from one process to the next.
    init(_ claim: ArchiveClaim, identity: String, bytesMost: Int) throws(ArchiveFailure) {
        self.folder = claim.folder
        self.name = claim.name
        self.identity = identity
        self.bytesMost = bytesMost
        self.file = try ArchiveFile(path: claim.path, O_RDWR | O_CREAT)
        let size = try self.file.size()
        let note = ArchiveFile.text(of: claim.notePath, bytesMost: Self.noteBytes).flatMap { PartNote($0) }
        guard let note, note.identity == identity, size > 0, note.length.map({ size <= $0 }) ?? true,
            note.validator != nil || note.length == size
        else {
            self.state = Mutex(State(offset: 0))
            return
        }
        try Self.reserve(max(note.length ?? size, size), claim.folder, claim.name, identity)
        self.state = Mutex(State(note: note, offset: size, resumed: note.length == size ? size : 0))
    }

    func close() { self.file.close() }

    /// Whether all of it is there.
    var isComplete: Bool { self.state.withLock { $0.note?.length == $0.offset } }

    /// Bytes that the exchange brought, and those that it did not have to.
    var bytes: (received: Int, resumed: Int) { self.state.withLock { ($0.received, $0.resumed) } }

    /// What asks for the rest, on the condition that the file is the same.
    var headers: [(name: String, value: String)] {
        self.state.withLock { state in
            // Parts of a packed transfer would be parts of something else.
            let plain = [(name: "Accept-Encoding", value: "identity")]
            guard let note = state.note, let validator = note.validator else { return plain }
            return plain + [("Range", "bytes=\(state.offset)-"), ("If-Range", validator.header)]
        }
    }

    // MARK: - The answer, on the loop

    func take(_ head: HTTPResponseHead) {
        self.state.withLock { state in
            do throws(ArchiveFailure) {
                try self.take(head, &state)
            } catch {
                state.problem = error
            }
        }
    }

    /// Takes a piece of the body; false when no more is wanted.
    func take(_ piece: [UInt8]) -> Bool {
        self.state.withLock { state in
            guard state.problem == nil else { return false }
            switch state.mode {
            case .waiting: return false
            case .refused:
                state.text.append(contentsOf: piece.prefix(200 - min(state.text.count, 200)))
                state.skipped += piece.count
                return state.skipped <= Self.refusalBytes
            case .taking:
                do throws(ArchiveFailure) {
                    try self.write(piece, &state)
                    return true
                } catch {
                    state.problem = error
                    return false
                }
            }
        }
    }

    private func take(_ head: HTTPResponseHead, _ state: inout State) throws(ArchiveFailure) {
        guard head.status == 200 || head.status == 206 else {
            state.mode = .refused
            return
        }
        let coding = head.header("content-encoding") ?? "identity"
        guard coding.lowercased() == "identity" else {
            throw ArchiveFailure(.impossible, "\(self.identity): sent packed as \(coding)")
        }
        let validator = PartNote.Validator(
            entityTag: head.header("etag"), lastModified: head.header("last-modified"))
        let length = head.header("content-length").flatMap { Int($0) }
        if head.status == 206 {
            try self.goOn(head.header("content-range"), length, validator, &state)
        } else {
            try self.beginAnew(length, validator, &state)
        }
        state.mode = .taking
    }

    /// Checks that a part is the rest of the file that is there.
    private func goOn(
        _ text: String?, _ length: Int?, _ validator: PartNote.Validator?, _ state: inout State
    ) throws(ArchiveFailure) {
        guard let note = state.note else {
            throw ArchiveFailure(.impossible, "\(self.identity): sent a part that was not asked for")
        }
        guard let range = text.flatMap({ ContentRange($0) }), range.first == state.offset,
            range.length == nil || note.length == nil || range.length == note.length,
            length.map({ $0 == range.last - range.first + 1 }) ?? true
        else {
            throw ArchiveFailure(
                .changed, "\(self.identity): asked for the rest from \(state.offset), got \(text ?? "no range")")
        }
        guard validator == nil || validator == note.validator else {
            throw ArchiveFailure(.changed, "\(self.identity): became another file")
        }
        if note.length == nil, let whole = range.length {
            let known = PartNote(identity: self.identity, validator: note.validator, length: whole)
            guard whole <= self.bytesMost else { throw self.tooLarge() }
            try self.reserve(whole)
            try ArchiveFile.replace(self.folder.notePath(of: self.name), with: known.text)
            state.note = known
        }
        state.resumed = state.offset
    }

    private func beginAnew(
        _ length: Int?, _ validator: PartNote.Validator?, _ state: inout State
    ) throws(ArchiveFailure) {
        // A part of no bytes is begun anew whatever its note says, and the new note is there before the first byte: it never
        // speaks of bytes of another file.
        state.note = nil
        state.offset = 0
        try self.file.truncate(to: 0)
        if let length {
            guard length <= self.bytesMost else { throw self.tooLarge() }
            try self.reserve(length)
        }
        let note = PartNote(identity: self.identity, validator: validator, length: length)
        try ArchiveFile.replace(self.folder.notePath(of: self.name), with: note.text)
        state.note = note
    }

    private func write(_ piece: [UInt8], _ state: inout State) throws(ArchiveFailure) {
        let end = state.offset + piece.count
        guard end <= self.bytesMost else { throw self.tooLarge() }
        if let length = state.note?.length {
            guard end <= length else {
                throw ArchiveFailure(.changed, "\(self.identity): more than its \(length) bytes came")
            }
        } else {
            try self.reserve(end)
        }
        let written = piece.withUnsafeBytes { bytes in
            Result { () throws(ArchiveFailure) in try self.file.write(bytes, at: state.offset) }
        }
        try written.get()
        state.offset = end
        state.received += piece.count
    }

    // MARK: - The end

    /// What the receiver itself found wrong; nil where the exchange is to blame.
    var problem: ArchiveFailure? { self.state.withLock { $0.problem } }

    /// Checks that a whole answer made the file whole.
    func finish(_ head: HTTPResponseHead) throws(ArchiveFailure) {
        let outcome = self.state.withLock { state in
            Result { () throws(ArchiveFailure) in try self.finish(head, &state) }
        }
        try outcome.get()
    }

    private func finish(_ head: HTTPResponseHead, _ state: inout State) throws(ArchiveFailure) {
        if let problem = state.problem { throw problem }
        guard head.status == 200 || head.status == 206 else {
            if head.status == 416, state.note != nil {
                throw ArchiveFailure(.changed, "\(self.identity): there is nothing behind byte \(state.offset)")
            }
            throw ArchiveFailure(
                status: head.status, retryAfter: head.header("retry-after"),
                text: String(decoding: state.text, as: UTF8.self), endpoint: self.identity)
        }
        guard let note = state.note else { return }
        guard let length = note.length else {
            // What comes without a length ends where the answer ends.
            let whole = PartNote(identity: self.identity, validator: note.validator, length: state.offset)
            try ArchiveFile.replace(self.folder.notePath(of: self.name), with: whole.text)
            state.note = whole
            return
        }
        guard state.offset == length else {
            throw ArchiveFailure(
                .unavailable(status: nil, retryAfter: nil),
                "\(self.identity): \(state.offset) of \(length) bytes came")
        }
    }

    private func tooLarge() -> ArchiveFailure {
        ArchiveFailure(.tooLarge, "\(self.identity): larger than \(self.bytesMost) bytes")
    }

    private func reserve(_ bytes: Int) throws(ArchiveFailure) {
        try Self.reserve(bytes, self.folder, self.name, self.identity)
    }

    private static func reserve(
        _ bytes: Int, _ folder: ArchiveFolder, _ name: String, _ identity: String
    ) throws(ArchiveFailure) {
        switch folder.reserve(bytes, for: name) {
        case .kept: return
        case .taken:
            throw ArchiveFailure(.noRoom, "\(identity): other downloads fill their folder now")
        case .never:
            throw ArchiveFailure(
                .tooLarge, "\(identity): \(bytes) bytes, the folder of downloads may hold \(folder.bytesMost)")
        }
    }
}
