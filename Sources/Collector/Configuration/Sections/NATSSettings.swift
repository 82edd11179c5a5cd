/// Where messages go, and how.
package struct NATSSettings: Hashable, Sendable {
    /// Empty: a server of our own is started.
    package var servers: [ServerAddress] = []
    package var prefix = "md"
    package var modes = ModeSettings()
    package var tls = TLSSettings()
    package var credentialsFile: String?
    package var user: String?
    package var passwordFile: String?
    package var tokenFile: String?
    package var windowMessages = 4_096
    package var windowBytes = ByteSize.mebibytes(8)
    package var acknowledgeTimeout = Duration.seconds(5)
    package var fenceMessages = 500
    package var fenceInterval = Duration.milliseconds(50)
    package var writeDeadline = Duration.milliseconds(200)
    package var streams = StreamsSettings()
    package var embedded = EmbeddedServerSettings()

    /// From the environment or `passwordFile`.
    package var password: Secret?
    /// From the environment or `tokenFile`.
    package var token: Secret?

    package init() {}

    static var fields: [SettingField<NATSSettings>] {
        [
            .list(
                "servers", \.servers, .server, upTo: 64,
                "Addresses of the servers; with none, a server of our own is started on loopback."),
            .value("prefix", \.prefix, .subjectPrefix, "What every subject begins with; may be empty."),
            .section("modes", \.modes, ModeSettings.fields, "How each type is published: jetstream or core."),
            .section("tls", \.tls, TLSSettings.fields, "Certificates, for tls:// servers."),
            .optional("credentials_file", \.credentialsFile, .path, "A NATS credentials file (JWT and seed)."),
            .optional(
                "user", \.user, .userName, "User name; its password comes from password_file or the environment."),
            .optional("password_file", \.passwordFile, .path, "File with the password in it."),
            .optional("token_file", \.tokenFile, .path, "File with a token in it."),
            .refused("password", "a secret does not belong in this file; use password_file or SLUICE_NATS_PASSWORD"),
            .refused("token", "a secret does not belong in this file; use token_file or SLUICE_NATS_TOKEN"),
            .value(
                "window_messages", \.windowMessages, .integer(1...1_000_000),
                "JetStream messages on their way without an acknowledgement, at most."),
            .value(
                "window_bytes", \.windowBytes, .size(.kibibytes(64)...(.gibibytes(1))),
                "The same limit in bytes."),
            .value(
                "acknowledge_timeout", \.acknowledgeTimeout, .duration(.milliseconds(100)...(.seconds(300))),
                "A JetStream message without an acknowledgement by then is sent again."),
            .value(
                "fence_messages", \.fenceMessages, .integer(1...100_000),
                "Core messages are confirmed in groups of this many at most."),
            .value(
                "fence_interval", \.fenceInterval, .duration(.milliseconds(1)...(.seconds(10))),
                "Core messages are confirmed this often at least."),
            .value(
                "write_deadline", \.writeDeadline, .duration(.milliseconds(10)...(.seconds(30))),
                "A server that takes nothing for this long is given up."),
            .section("streams", \.streams, StreamsSettings.fields, "The streams, created or checked at start."),
            .section(
                "embedded", \.embedded, EmbeddedServerSettings.fields, "The server started when none is configured."),
        ]
    }
}
