import Glibc
import Synchronization
import Transport

/// A host of files on loopback that knows ranges and conditions, and goes wrong as it is told.
final class ArchiveHost: Sendable {
    struct File: Sendable {
        var body: [UInt8]
        var entityTag: String? = "\"1\""
        var lastModified: String?
    }

    /// What goes wrong with one request.
    enum Fault: Sendable {
        case status(Int, retryAfter: String? = nil)
        /// The connection ends after so many bytes of what was asked for.
        case cut(after: Int)
        /// The whole file is sent, whatever part was asked for.
        case ignoresRange
        /// Another part than the one that was asked for, of a file of so many bytes.
        case wrongPart(length: Int)
        /// The file is another one from now on.
        case becomes(File)
        /// The same, and the part that was asked for is sent of the new one, whatever the condition.
        case becomesUnseen(File)
        case bytesPerSecond(Int)
        case never
        case packed
    }

    struct Asked: Sendable, Equatable {
        let target: String
        let range: String?
        let condition: String?
    }

    private struct State {
        var files: [String: File] = [:]
        var faults: [String: [Fault]] = [:]
        var asked: [Asked] = []
    }

    private let state = Mutex(State())

    var asked: [Asked] { self.state.withLock { $0.asked } }

    /// What was asked for of one file, as `range|condition`.
    func ranges(of path: String) -> [String] {
        self.asked.filter { $0.target == path }.map { "\($0.range ?? "")|\($0.condition ?? "")" }
    }

    func serve(_ path: String, _ file: File) { self.state.withLock { $0.files[path] = file } }

    func serve(_ path: String, text: String) { self.serve(path, File(body: Array(text.utf8), entityTag: nil)) }

    /// Goes wrong once for each fault, in order, with requests for a file.
    func fail(_ path: String, _ faults: [Fault]) { self.state.withLock { $0.faults[path] = faults } }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let (range, condition) = (request.header("range"), request.header("if-range"))
        let (file, fault) = self.state.withLock { state -> (File?, Fault?) in
            state.asked.append(Asked(target: request.path, range: range, condition: condition))
            var fault: Fault?
            if state.faults[request.path]?.isEmpty == false { fault = state.faults[request.path]?.removeFirst() }
            switch fault {
            case .becomes(let file)?, .becomesUnseen(let file)?: state.files[request.path] = file
            default: break
            }
            return (state.files[request.path], fault)
        }
        guard let file else { return HTTPResponse(status: 404, text: "NoSuchKey") }
        switch fault {
        case .status(let status, let retryAfter):
            return HTTPResponse(
                status: status, headers: retryAfter.map { [("Retry-After", $0)] } ?? [], text: "not now")
        case .wrongPart(let length):
            return HTTPResponse(
                status: 206, headers: [("Content-Range", "bytes 1-3/\(length)"), ("ETag", "\"1\"")], text: "abc")
        case .never:
            var answer = HTTPResponse(text: "")
            answer.delay = .seconds(3_600)
            return answer
        case .cut(let count):
            var answer = self.whole(or: range, condition, file)
            answer.truncateBodyAt = count
            return answer
        case .ignoresRange: return self.whole(or: nil, nil, file)
        case .becomesUnseen: return self.whole(or: range, nil, file)
        case .bytesPerSecond(let speed):
            var answer = self.whole(or: range, condition, file)
            answer.bodyBytesPerSecond = speed
            return answer
        case .packed:
            var answer = self.whole(or: nil, nil, file)
            answer.headers.append(("Content-Encoding", "gzip"))
            return answer
        case .becomes, nil: return self.whole(or: range, condition, file)
        }
    }

    private func whole(or range: String?, _ condition: String?, _ file: File) -> HTTPResponse {
        var headers: [(name: String, value: String)] = []
        if let tag = file.entityTag { headers.append(("ETag", tag)) }
        if let date = file.lastModified { headers.append(("Last-Modified", date)) }
        let isSame = condition == nil || condition == file.entityTag || condition == file.lastModified
        guard isSame, let range, range.hasPrefix("bytes="), let first = Int(range.dropFirst(6).dropLast()) else {
            return HTTPResponse(headers: headers, body: file.body)
        }
        guard first < file.body.count else {
            return HTTPResponse(status: 416, headers: [("Content-Range", "bytes */\(file.body.count)")], text: "")
        }
        headers.append(("Content-Range", "bytes \(first)-\(file.body.count - 1)/\(file.body.count)"))
        return HTTPResponse(status: 206, headers: headers, body: Array(file.body[first...]))
    }
}

/// A server that sends bytes written by hand, one text for each connection.
final class RawServer: Sendable {
    private let listener: Int32
    let port: Int

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = getsockname(listener, $0, &length)
            }
        }
        listen(listener, 16)
        self.listener = listener
        self.port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(self.listener) }

    /// Answers as many connections as there are texts, one after the other, and gives what each asked; blocks meanwhile.
    ///
    /// - Parameter holds: Whether a connection is left open until the other side closes it.
    func answer(_ texts: [[UInt8]], holds: Bool = false) -> [String] {
        texts.map { text in
            let client = accept(self.listener, nil, nil)
            defer { close(client) }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = recv(client, &buffer, buffer.count, 0)
            _ = send(client, text, text.count, Int32(MSG_NOSIGNAL))
            if holds { while recv(client, &buffer, buffer.count, 0) > 0 {} }
            return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        }
    }
}
