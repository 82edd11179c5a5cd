import Glibc
import Testing

@testable import Observability

@Suite("The service notifier")
struct ServiceNotifierTests {
    /// A datagram socket under an abstract name the kernel chooses.
    private final class Manager {
        let descriptor: Int32
        let address: String

        init() throws {
            self.descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            try #require(self.descriptor >= 0)
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            var length = socklen_t(MemoryLayout<sa_family_t>.size)
            let descriptor = self.descriptor
            withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    _ = bind(descriptor, generic, length)
                    length = socklen_t(MemoryLayout<sockaddr_un>.size)
                    _ = getsockname(descriptor, generic, &length)
                }
            }
            let count = Int(length) - MemoryLayout<sa_family_t>.size
            self.address = withUnsafeBytes(of: name.sun_path) { bytes in
                "@" + String(decoding: bytes[1..<count], as: UTF8.self)
            }
        }

        /// The datagram that waits, without waiting for one.
        func received() -> String? {
            var bytes = [UInt8](repeating: 0, count: 1024)
            let length = recv(self.descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return length < 0 ? nil : String(decoding: bytes.prefix(length), as: UTF8.self)
        }

        deinit { close(self.descriptor) }
    }

    private func notifier(_ variables: [String: String], processID: Int32 = 7) -> ServiceNotifier {
        ServiceNotifier(environment: { variables[$0] }, processID: processID)
    }

    @Test("Each message is one datagram to the manager")
    func messages() throws {
        let manager = try Manager()
        let notifier = self.notifier(["NOTIFY_SOCKET": manager.address])
        let expected: [(ServiceNotifier.Message, String)] = [
            (.ready, "READY=1"), (.watchdog, "WATCHDOG=1"), (.stopping, "STOPPING=1"),
            (.status("two\nlines"), "STATUS=two lines"),
        ]
        for (message, text) in expected {
            #expect(notifier.send(message) == .sent)
            #expect(manager.received() == text)
        }
        #expect(manager.received() == nil)
    }

    @Test("Without a manager nothing is sent, and a bad address is told")
    func unsupervised() {
        #expect(self.notifier([:]).send(.ready) == .unsupervised)
        #expect(self.notifier(["NOTIFY_SOCKET": ""]).send(.ready) == .unsupervised)
        #expect(self.notifier(["NOTIFY_SOCKET": "/nowhere/at/all"]).send(.ready) == .failed(errno: ENOENT))
        let long = String(repeating: "x", count: 200)
        #expect(self.notifier(["NOTIFY_SOCKET": long]).send(.ready) == .failed(errno: ENAMETOOLONG))
    }

    @Test("The watchdog is fed twice in its timeout, if it is ours")
    func watchdog() {
        func period(_ timeout: String?, _ processID: String?) -> Duration? {
            var variables = ["NOTIFY_SOCKET": "@x"]
            variables["WATCHDOG_USEC"] = timeout
            variables["WATCHDOG_PID"] = processID
            return self.notifier(variables).watchdogPeriod
        }
        #expect(period("3000000", "7") == .milliseconds(1500))
        #expect(period("3000000", nil) == .milliseconds(1500))
        #expect(period("3000000", "8") == nil)
        #expect(period(nil, "7") == nil)
        #expect(period("soon", "7") == nil)
        #expect(self.notifier(["WATCHDOG_USEC": "3000000"]).watchdogPeriod == nil)
    }
}
