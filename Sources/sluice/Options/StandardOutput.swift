import Glibc

/// The command's output.
enum StandardOutput {
    /// Passes on what was printed, so that whoever reads a pipe sees it now.
    static func flush() {
        fflush(nil)
    }
}
