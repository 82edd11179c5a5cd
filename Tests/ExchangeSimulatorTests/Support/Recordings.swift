import Foundation

/// Where the shared recordings are: `SLUICE_RECORDINGS`, or the folder beside the package.
enum Recordings {
    static let folder: URL? = {
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let beside = package.deletingLastPathComponent().appending(path: "shared/recordings")
        let named = ProcessInfo.processInfo.environment["SLUICE_RECORDINGS"].map { URL(fileURLWithPath: $0) }
        return [named, beside].compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0.path) }
    }()

    static var arePresent: Bool { self.folder != nil }

    /// The first 20,000 lines of the Binance recording.
    static var smoke: String { Self.path("binance-smoke.ndjson.gz") }

    static func path(_ name: String) -> String {
        self.folder.map { $0.appending(path: name).path } ?? name
    }

    /// Writes `text` to a file of its own for the length of `body`.
    static func withTemporaryFile<Result>(
        _ bytes: some Sequence<UInt8>, named name: String = "recording.ndjson", _ body: (String) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: name)
        try Data(bytes).write(to: file)
        return try body(file.path)
    }
}
