import Glibc

/// What the machine says of itself; tests put other figures in its place.
package struct DoctorFacts: Sendable {
    /// Descriptors that the process may open, and may be allowed to.
    package var descriptors: (soft: UInt64, hard: UInt64)? = Self.descriptorLimits()
    /// Numbers below `/proc/sys`, several where a file has several.
    package var kernel: @Sendable (_ name: String) -> [Int] = { Self.kernelNumbers($0) }
    /// Bytes that are free for us on the disk of a folder, and whether we may write there; nil where there is no folder.
    package var disk: @Sendable (_ folder: String) -> (free: Int, isWritable: Bool)? = { Self.disk($0) }

    package init() {}

    private static func descriptorLimits() -> (soft: UInt64, hard: UInt64)? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return (UInt64(limit.rlim_cur), UInt64(limit.rlim_max))
    }

    private static func kernelNumbers(_ name: String) -> [Int] {
        guard let text = try? ConfigurationText.read("/proc/sys/\(name)") else { return [] }
        return text.split { $0 == " " || $0 == "\t" || $0 == "\n" }.compactMap { Int($0) }
    }

    private static func disk(_ folder: String) -> (free: Int, isWritable: Bool)? {
        var figures = statvfs()
        guard statvfs(folder, &figures) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: figures.f_bavail).multipliedReportingOverflow(by: Int(figures.f_frsize))
        return (overflow ? .max : bytes, access(folder, W_OK | X_OK) == 0)
    }
}
