import Foundation

/// The recordings that stand beside the package, where they do.
enum Recordings {
    /// Their folder, or nil where there is none.
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment["SLUICE_RECORDINGS"]
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let beside = package.deletingLastPathComponent().appending(path: "shared/recordings").path
        return [environment, beside].compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0 + "/oracle.py")
        }
    }()

    static var areThere: Bool { Self.folder != nil }
}
