package import Glibc
import Synchronization

/// The installed `nats-server` as a child on loopback, with its data in a directory of ours, restarted when it dies.
///
/// It is spawned through `setpriv --pdeathsig KILL` so that it ends when we are killed; since that signal follows the
/// thread that spawned, one thread spawns every child and lives as long as they do.
package final class EmbeddedNATSServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package enum Kind: Sendable { case missingBinary, notStarted }
        package let kind: Kind
        package let description: String
    }

    package struct Configuration: Sendable {
        package var directory: String
        /// `nil` takes a free one.
        package var port: UInt16?
        package var binary: String?
        package var arguments: [String] = []
        package var hasJetStream = true
        /// What streams may take of memory and of disk, together; nil leaves it to the server.
        package var maxMemoryBytes: Int?
        package var maxFileBytes: Int?

        package init(directory: String) { self.directory = directory }
    }

    private struct State {
        var child: pid_t?
        var isStopping = false
        var restarts = 0
        var thread: NativeThread?
    }

    package let port: UInt16
    private let arguments: [String]
    private let state = Mutex(State())
    private let stopSignal = PublisherWaker()

    package var url: String { "nats://127.0.0.1:\(self.port)" }
    package var restarts: Int { self.state.withLock { $0.restarts } }
    /// The running child; for tests and memory reports.
    package var processID: pid_t? { self.state.withLock { $0.child } }

    /// Prepares a server; throws `.missingBinary` when `nats-server` or `setpriv` is not installed.
    package init(_ configuration: Configuration) throws(Failure) {
        let server = try Self.find(configuration.binary ?? "nats-server")
        let setpriv = try Self.find("setpriv")
        guard let port = configuration.port ?? Self.freePort() else {
            throw Failure(kind: .notStarted, description: "no free port on 127.0.0.1")
        }
        self.port = port
        mkdir(configuration.directory, 0o750)
        var arguments = [
            setpriv, "--pdeathsig", "KILL", "--", server, "-a", "127.0.0.1", "-p", "\(port)",
            "-P", configuration.directory + "/nats-server.pid", "-l", configuration.directory + "/nats-server.log",
        ]
        if configuration.hasJetStream {
            // The limits have no options of the command line; what stands there goes before the file.
            arguments += ["-c", try Self.writeLimits(configuration), "-js", "-sd", configuration.directory]
        }
        self.arguments = arguments + configuration.arguments
    }

    /// Starts the server and waits until it answers.
    package func start(timeout: Duration = .seconds(30)) async throws(Failure) {
        self.state.withLock { state in
            state.thread = NativeThread(name: "nats-server") { [self] in self.supervise() }
        }
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if Self.answers(port: self.port) { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        await self.stop()
        throw Failure(kind: .notStarted, description: "nats-server did not answer on port \(self.port)")
    }

    /// Ends the server: gracefully, then by force after `grace`.
    package func stop(grace: Duration = .seconds(5)) async {
        self.signal(SIGTERM, stopping: true)
        self.stopSignal.wake()
        let deadline = ContinuousClock.now + grace
        while self.processID != nil, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        self.signal(SIGKILL, stopping: true)
        let thread = self.state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func signal(_ number: Int32, stopping: Bool) {
        // Under the lock the child has not been reaped: its id is still its own.
        self.state.withLock { state in
            state.isStopping = state.isStopping || stopping
            if let child = state.child { kill(child, number) }
        }
    }

    private func supervise() {
        var pause: Int32 = 50
        while true {
            guard self.spawn() else { break }
            self.awaitEnd()
            let isStopping = self.state.withLock { state in
                if !state.isStopping { state.restarts += 1 }
                return state.isStopping
            }
            if isStopping { break }
            self.stopSignal.pause(milliseconds: pause)
            pause = min(pause * 2, 5000)
        }
    }

    private func spawn() -> Bool {
        self.state.withLock { state in
            guard !state.isStopping else { return false }
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            // Its own process group: an interrupt from the terminal is ours to handle, the server outlives our drain.
            posix_spawnattr_setpgroup(&attributes, 0)
            // A service blocks the signals it waits for; the child must not inherit that.
            var mask = sigset_t()
            sigemptyset(&mask)
            posix_spawnattr_setsigmask(&attributes, &mask)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
            var argv = self.arguments.map { strdup($0) } + [nil]
            defer { for pointer in argv { free(pointer) } }
            var child: pid_t = 0
            if posix_spawn(&child, self.arguments[0], nil, &attributes, &argv, environ) == 0 { state.child = child }
            return true
        }
    }

    /// Waits for the child's end without reaping it, then reaps it under the lock.
    private func awaitEnd() {
        guard let child = self.processID else { return }
        var info = siginfo_t()
        while waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        self.state.withLock { state in
            var status: Int32 = 0
            waitpid(child, &status, WNOHANG)
            state.child = nil
        }
    }

    /// Writes the file with the limits, anew at each start.
    private static func writeLimits(_ configuration: Configuration) throws(Failure) -> String {
        let path = configuration.directory + "/nats-server.conf"
        var text = "jetstream {\n"
        if let bytes = configuration.maxMemoryBytes { text += "  max_memory_store: \(bytes)\n" }
        if let bytes = configuration.maxFileBytes { text += "  max_file_store: \(bytes)\n" }
        text += "}\n"
        let file = fopen(path, "we")
        let isWritten = file.map { fputs(text, $0) >= 0 } ?? false
        let isClosed = file.map { fclose($0) == 0 } ?? false
        guard isWritten, isClosed else {
            throw Failure(
                kind: .notStarted, description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        return path
    }

    private static func find(_ name: String) throws(Failure) -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/bin", "/usr/bin"]
        let candidates = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(
                kind: .missingBinary, description: "\(name) is not installed: install it, or give a NATS address")
        }
        return found
    }

    private static func freePort() -> UInt16? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        return isBound ? UInt16(bigEndian: address.sin_port) : nil
    }

    /// Whether somebody greets on the port: a server sends its INFO line first.
    private static func answers(port: UInt16) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = Self.loopback(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return false }
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 200) > 0 else { return false }
        var greeting: [UInt8] = [0, 0, 0, 0, 0]
        return recv(socket, &greeting, 5, 0) == 5 && greeting == Array("INFO ".utf8)
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
