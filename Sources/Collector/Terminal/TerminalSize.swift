import Glibc

/// What a file descriptor is connected to.
package struct TerminalSize: Hashable, Sendable {
    package let columns: Int
    package let rows: Int

    /// Asks the terminal; nil where the descriptor is none. 80 by 24 where it does not know.
    package static func current(of descriptor: Int32) -> TerminalSize? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}
