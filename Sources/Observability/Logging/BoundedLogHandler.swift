import Glibc
package import Logging

/// The backend of swift-log: renders on the thread that logs, hands the line to a `BoundedLogWriter`.
package struct BoundedLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let writer: BoundedLogWriter
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: Microseconds since 1970.
    package init(
        label: String, format: LogFormat, level: Logger.Level = .info, writer: BoundedLogWriter,
        clock: @escaping @Sendable () -> Int64 = BoundedLogHandler.unixMicroseconds
    ) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.writer = writer
        self.clock = clock
    }

    package func log(event: LogEvent) {
        var all = self.metadata
        if let provided = self.metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = self.format.line(
            unixMicroseconds: self.clock(), level: event.level, label: self.label, message: event.message.description,
            metadata: all)
        self.writer.write(line)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package static func unixMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension BoundedLogWriter {
    /// A writer that tells of dropped lines as a warning in `format`.
    package convenience init(descriptor: Int32, format: LogFormat, capacityBytes: Int = 1 << 20) {
        self.init(descriptor: descriptor, capacityBytes: capacityBytes) { count in
            format.line(
                unixMicroseconds: BoundedLogHandler.unixMicroseconds(), level: .warning, label: "log",
                message: "log lines dropped, the buffer was full", metadata: ["count": "\(count)"])
        }
    }
}
