/// Where messages that all count wait on disk while NATS does not take them.
package struct SpoolSettings: Hashable, Sendable {
    package enum Sync: String, Hashable, Sendable, CaseIterable {
        /// Left to the kernel: survives the process, not a power cut.
        case never
        /// Every `sync_interval`.
        case interval
        /// Before a message leaves the memory.
        case always
    }

    package var enabled = true
    /// `nil` for `spool` under the state directory.
    package var directory: String?
    package var bytes = ByteSize.gibibytes(1)
    package var maxAge = Duration.seconds(24 * 3_600)
    package var sync = Sync.interval
    package var syncInterval = Duration.seconds(1)
    package var spillAfter = Duration.seconds(1)

    package init() {}

    static var fields: [SettingField<SpoolSettings>] {
        [
            .value("enabled", \.enabled, .flag, "Spool to disk; without it memory alone holds what waits."),
            .optional(
                "directory", \.directory, .path, "The spool's own directory; spool under state_directory if left out."),
            .value(
                "bytes", \.bytes, .size(.mebibytes(1)...(.gibibytes(1024))), "Bytes on disk; beyond it the oldest goes."
            ),
            .value("max_age", \.maxAge, .duration(.seconds(60)...(.seconds(30 * 86_400))), "What is older goes."),
            .value(
                "sync", \.sync, .choice(Sync.allCases),
                "When written messages are forced to the disk: never (a power cut takes what the kernel has not written), "
                    + "interval, or always (a message leaves the memory after its sync)."),
            .value(
                "sync_interval", \.syncInterval, .duration(.milliseconds(10)...(.seconds(60))),
                "What a power cut takes at most, with sync: interval."),
            .value(
                "spill_after", \.spillAfter, .duration(.milliseconds(50)...(.seconds(60))),
                "A message that is not acknowledged by then goes to disk: what a killed process loses at most."),
        ]
    }
}
