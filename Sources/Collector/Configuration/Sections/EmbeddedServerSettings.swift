/// The NATS server that is started where none is configured.
package struct EmbeddedServerSettings: Hashable, Sendable {
    package var enabled = true
    /// A name looked up in `PATH`, or a path.
    package var binary = "nats-server"
    /// Zero takes any free port.
    package var port = 0
    package var maxMemory = ByteSize.mebibytes(256)
    package var maxFile = ByteSize.gibibytes(8)

    package init() {}

    static var fields: [SettingField<EmbeddedServerSettings>] {
        [
            .value("enabled", \.enabled, .flag, "Start a server of our own if nats.servers is empty."),
            .value("binary", \.binary, .path, "The server's program, a name in PATH or a path."),
            .value("port", \.port, .integer(0...65_535), "Its port on loopback; 0 takes a free one."),
            .value(
                "max_memory", \.maxMemory, .size(.mebibytes(16)...ByteSize(1 << 40)), "Memory for streams kept there."),
            .value(
                "max_file", \.maxFile, .size(.mebibytes(64)...ByteSize(1 << 44)),
                "Disk for streams, under the state directory."),
        ]
    }
}
