/// The limits of the queues between loops and publisher.
package struct QueueSettings: Hashable, Sendable {
    package var bytes = ByteSize.mebibytes(32)
    package var messages = 65_536

    package init() {}

    static var fields: [SettingField<QueueSettings>] {
        [
            .value("bytes", \.bytes, .size(.mebibytes(1)...(.gibibytes(4))), "Bytes for each loop and lane."),
            .value("messages", \.messages, .integer(1_024...16_777_216), "Messages for each loop and lane."),
        ]
    }
}

/// The pages for health checks and metrics.
package struct HTTPSettings: Hashable, Sendable {
    package var enabled = true
    package var listen = HostPort(host: "127.0.0.1", port: 8_080)
    package var allowRemote = false

    package init() {}

    static var fields: [SettingField<HTTPSettings>] {
        [
            .value("enabled", \.enabled, .flag, "Serve /healthz, /readyz, /metrics and /status."),
            .value("listen", \.listen, .hostPort, "Address of the pages; port 0 takes a free one."),
            .value(
                "allow_remote", \.allowRemote, .flag,
                "Allow an address that other machines reach; the pages know no passwords."),
        ]
    }
}

/// What the log says and how.
package struct LogSettings: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package enum Format: String, Hashable, Sendable, CaseIterable {
        case human, json
    }

    package var level = Level.info
    package var format = Format.human

    package init() {}

    static var fields: [SettingField<LogSettings>] {
        [
            .value("level", \.level, .choice(Level.allCases), "What is less important is left out."),
            .value("format", \.format, .choice(Format.allCases), "Lines for people, or a JSON object a line."),
        ]
    }
}

/// The sign of life.
package struct HeartbeatSettings: Hashable, Sendable {
    package var interval = Duration.seconds(5)

    package init() {}

    static var fields: [SettingField<HeartbeatSettings>] {
        [
            .value(
                "interval", \.interval, .duration(.milliseconds(100)...(.seconds(3_600))),
                "How often; after three without one, subscribers call the books stale.")
        ]
    }
}
