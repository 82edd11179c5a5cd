import Foundation
import Glibc
import Testing

@testable import Collector

@Suite("The lock on the state directory")
struct StateLockTests {
    private static func temporary() -> String {
        NSTemporaryDirectory() + "sluice-lock-\(UUID().uuidString)"
    }

    private static func refusal(of directory: String) -> StateLock.Refusal? {
        do {
            _ = try StateLock(directory: directory)
            return nil
        } catch {
            return error
        }
    }

    @Test("A second taker is refused with the directory and the holder's id, and gets it once the first is gone")
    func twice() throws {
        let directory = Self.temporary() + "/nested/state"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        do {
            let lock = try StateLock(directory: directory)
            let refusal = try #require(Self.refusal(of: directory))
            #expect(refusal.kind == .held(by: getpid()))
            #expect(refusal.description.contains("\(directory) is in use by process \(getpid());"))
            withExtendedLifetime(lock) {}
        }
        #expect(Self.refusal(of: directory) == nil)
    }

    @Test("Children do not inherit the lock, which would outlive us in them")
    func children() throws {
        let directory = Self.temporary()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lock = try StateLock(directory: directory)
        var open: Set<Bool> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            guard target == directory + "/lock", let descriptor = Int32(name) else { continue }
            open.insert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        #expect(open == [true])
        withExtendedLifetime(lock) {}
    }

    @Test("A directory that cannot be written is named with the reason")
    func unusable() throws {
        let refusal = try #require(Self.refusal(of: "/proc/none"))
        #expect(refusal.kind == .unusable)
        #expect(refusal.description == "the state directory /proc/none cannot be used: No such file or directory")
    }

    @Test("A second process ends with 69 and says who holds the directory; a killed holder leaves it free")
    func processes() async throws {
        let directory = Self.temporary()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = directory + "/sluice.yaml"
        let text = """
            state_directory: \(directory)/state
            simulator: {rate: 10}
            venues: {binance: {spot: {symbols: [BTCUSDT]}}}
            http: {enabled: false}
            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)

        let first = try SluiceProcess(["run", "--config", file, "--log-format", "json"])
        let holder = "\(first.process.processIdentifier)\n"
        #expect(
            await first.eventually {
                (try? String(contentsOfFile: directory + "/state/lock", encoding: .utf8)) == holder
            })
        let second = try SluiceProcess(["run", "--config", file])
        #expect(await second.end() == 69)
        let expected =
            "sluice: the state directory \(directory)/state is in use by process \(first.process.processIdentifier);"
        #expect(second.errors.hasPrefix(expected), "\(second.errors)")

        kill(first.process.processIdentifier, SIGKILL)
        _ = await first.end()
        let third = try SluiceProcess(["run", "--config", file, "--duration", "1s"])
        #expect(await third.end() == 0, "\(third.errors)")
    }
}

/// The program itself, started as an operator does.
private final class SluiceProcess {
    let process = Process()
    private let output: URL

    init(_ arguments: [String]) throws {
        // The program lies beside the tests' own.
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        self.output = FileManager.default.temporaryDirectory.appending(path: "sluice-out-\(UUID().uuidString)")
        try Data().write(to: self.output)
        let handle = try FileHandle(forWritingTo: self.output)
        self.process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent().appending(path: "sluice")
        self.process.arguments = arguments
        self.process.standardOutput = FileHandle.nullDevice
        self.process.standardError = handle
        try self.process.run()
    }

    deinit {
        if self.process.isRunning { kill(self.process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: self.output)
    }

    /// What it has written to standard error.
    var errors: String { (try? String(contentsOf: self.output, encoding: .utf8)) ?? "" }

    /// The exit status; nil if it did not end in a minute.
    func end() async -> Int32? {
        await self.eventually { !self.process.isRunning } ? self.process.terminationStatus : nil
    }

    func eventually(_ condition: () -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return false }
        }
        return false
    }
}
