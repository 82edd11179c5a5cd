import Glibc

/// Tells the service manager how the service is, by the datagrams of `sd_notify`.
///
/// Protocol: <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>. Without a manager it does nothing.
package struct ServiceNotifier: Sendable {
    package enum Message: Hashable, Sendable {
        case ready
        case stopping
        /// Must come more often than the watchdog's timeout, and only while the service works.
        case watchdog
        /// One line for `systemctl status`.
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .status(let line): "STATUS=" + String(line.prefix(200).map { $0.isNewline ? " " : $0 })
            }
        }
    }

    package enum Outcome: Hashable, Sendable {
        case sent
        /// No manager listens.
        case unsupervised
        case failed(errno: Int32)
    }

    /// Of the manager's socket; a leading `@` means the abstract namespace.
    package let address: String?
    /// How often to send `.watchdog`: half the manager's timeout; `nil` when it keeps none for this process.
    package let watchdogPeriod: Duration?

    /// - Parameter environment: Looks up an environment variable.
    package init(
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } },
        processID: Int32 = getpid()
    ) {
        let address = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        self.address = address
        let meant = environment("WATCHDOG_PID").map { Int32($0) == processID } ?? true
        let timeout = environment("WATCHDOG_USEC").flatMap { Int64($0) }
        if address != nil, meant, let timeout, timeout > 1 {
            self.watchdogPeriod = .microseconds(timeout / 2)
        } else {
            self.watchdogPeriod = nil
        }
    }

    /// Sends without waiting; a lost message is told, not retried.
    @discardableResult
    package func send(_ message: Message) -> Outcome {
        guard let address else { return .unsupervised }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var path = Array(address.utf8)
        guard path.count < MemoryLayout.size(ofValue: target.sun_path) else { return .failed(errno: ENAMETOOLONG) }
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + path.count } ?? 0)

        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .failed(errno: errno) }
        defer { close(descriptor) }
        let bytes = Array(message.text.utf8)
        let sent = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                    generic, length)
            }
        }
        return sent == bytes.count ? .sent : .failed(errno: errno)
    }
}
