import ArgumentParser

/// The exit codes beside 0 and 64 (wrong usage), numbered as in `sysexits.h`.
enum ExitStatus {
    /// A program is missing, a port is in use, a lock is held, a health check failed.
    static let unavailable = ExitCode(69)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}
