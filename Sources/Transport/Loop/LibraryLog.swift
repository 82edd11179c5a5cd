internal import CLibwebsockets
internal import Synchronization

/// What the library reports about itself: counted, with the latest line kept, and never printed.
package enum LibraryLog {
    private struct State {
        var isInstalled = false
        var latest = ""
    }

    private static let state = Mutex(State())
    private static let errorCount = Atomic<Int>(0)
    private static let warningCount = Atomic<Int>(0)
    private static let creation = Mutex(())

    /// Lines at the level of an error, and of a warning, of all loops so far.
    package static var counts: (errors: Int, warnings: Int) {
        (self.errorCount.load(ordering: .relaxed), self.warningCount.load(ordering: .relaxed))
    }

    /// The latest line, cut to 256 bytes.
    package static var latest: String { self.state.withLock { $0.latest } }

    /// Routes the library's lines here; once for the process.
    static func install() {
        self.state.withLock { state in
            guard !state.isInstalled else { return }
            state.isInstalled = true
            lws_set_log_level(LLL_ERR | LLL_WARN) { level, line in
                guard let line else { return }
                LibraryLog.record(level: level, line: String(cString: line))
            }
        }
    }

    /// Creates a context while no other is being created: the library writes process-wide variables meanwhile.
    static func creating(_ create: () -> OpaquePointer?) -> OpaquePointer? {
        struct Created: @unchecked Sendable { let pointer: OpaquePointer? }
        return withoutActuallyEscaping(create) { create in
            self.creation.withLock { _ in Created(pointer: create()) }.pointer
        }
    }

    private static func record(level: Int32, line: String) {
        if level == LLL_ERR {
            self.errorCount.wrappingAdd(1, ordering: .relaxed)
        } else {
            self.warningCount.wrappingAdd(1, ordering: .relaxed)
        }
        self.state.withLock { $0.latest = String(line.prefix(256)) }
    }
}
