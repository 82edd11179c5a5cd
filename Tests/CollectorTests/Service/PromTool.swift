import Foundation

/// Prometheus' own checker, from Debian's package `prometheus`.
enum PromTool {
    struct Outcome {
        let status: Int32
        let output: String
    }

    static let isInstalled = FileManager.default.isExecutableFile(atPath: Self.path)

    private static let path = "/usr/bin/promtool"

    /// Runs it to its end, with a file as its input.
    static func run(_ arguments: [String], input: URL? = nil, in directory: URL? = nil) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }
}
