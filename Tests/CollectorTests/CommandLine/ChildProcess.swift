import Foundation

/// A program that a test runs, with what it wrote; ended at the latest with its deadline.
struct ChildProcess {
    /// What became of it.
    struct Result {
        /// The exit code, or the negated number of the signal that ended it.
        let status: Int32
        let output: String
        let errors: String
    }

    private let process = Process()
    private let folder: URL

    /// Starts a program with its streams in files of their own.
    ///
    /// - Parameter input: What it reads from its standard input.
    init(_ path: String, _ arguments: [String], in directory: String, input: Data = Data()) throws {
        self.folder = URL(fileURLWithPath: directory).appending(path: "child-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        for name in ["out", "err"] { try Data().write(to: self.folder.appending(path: name)) }
        try input.write(to: self.folder.appending(path: "in"))
        self.process.executableURL = URL(fileURLWithPath: path)
        self.process.arguments = arguments
        // Where tests find recordings is nothing that the program knows.
        self.process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SLUICE_RECORDINGS" }
        self.process.currentDirectoryURL = URL(fileURLWithPath: directory)
        self.process.standardInput = try FileHandle(forReadingFrom: self.folder.appending(path: "in"))
        self.process.standardOutput = try FileHandle(forWritingTo: self.folder.appending(path: "out"))
        self.process.standardError = try FileHandle(forWritingTo: self.folder.appending(path: "err"))
        try self.process.run()
    }

    var identifier: Int32 { self.process.processIdentifier }

    /// What it has written to its standard error so far.
    var errors: String { self.text("err") }

    /// Waits until it has written a text to its standard error; false at the deadline or when it ended before.
    func wait(forErrors text: String, atMost limit: Duration = .seconds(60)) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if self.errors.contains(text) { return true }
            guard self.process.isRunning else { return self.errors.contains(text) }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// Waits for its end; ends it by force at the deadline.
    func result(atMost limit: Duration = .seconds(60)) async throws -> Result {
        let deadline = ContinuousClock.now + limit
        while self.process.isRunning {
            if ContinuousClock.now >= deadline { kill(self.identifier, SIGKILL) }
            try await Task.sleep(for: .milliseconds(50))
        }
        let status = self.process.terminationStatus
        return Result(
            status: self.process.terminationReason == .uncaughtSignal ? -status : status, output: self.text("out"),
            errors: self.errors)
    }

    private func text(_ name: String) -> String {
        // `String(contentsOf:)` forgets its buffer where the file is empty (Foundation of Swift 6.3.1).
        let file = try? FileHandle(forReadingFrom: self.folder.appending(path: name))
        defer { try? file?.close() }
        return String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
    }
}

/// Where things are that tests run.
enum TestPaths {
    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path

    /// The program, built beside the tests.
    static let sluice = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "sluice").path

    /// Python with what the examples import.
    static let python = Self.root + "/scripts/python"
}
