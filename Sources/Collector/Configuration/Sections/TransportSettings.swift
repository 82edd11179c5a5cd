/// Sockets, their deadlines and their replacement.
package struct TransportSettings: Hashable, Sendable {
    /// Service loops; nil is one a core.
    package var loops: Int?
    package var caFile: String?
    package var proxy: HostPort?
    package var deflate = false
    package var maxMessage = ByteSize.mebibytes(16)
    package var connectTimeout = Duration.seconds(10)
    package var tlsTimeout = Duration.seconds(10)
    package var upgradeTimeout = Duration.seconds(10)
    package var subscribeTimeout = Duration.seconds(10)
    package var closeTimeout = Duration.seconds(3)
    package var firstDataTimeout = Duration.seconds(30)
    package var staleAfter = Duration.seconds(60)
    package var requestTimeout = Duration.seconds(15)
    package var backoffBase = Duration.milliseconds(500)
    package var backoffCap = Duration.seconds(30)
    package var rotateAfter = Duration.seconds(23 * 3_600)
    package var rotateOverlap = Duration.seconds(30)

    package init() {}

    static var fields: [SettingField<TransportSettings>] {
        let deadline = SettingParser.duration(.milliseconds(100)...(.seconds(300)))
        return [
            .value(
                "loops", \.loops, .integer(1...64, or: "auto"), "Threads that carry market data; auto is one a core."),
            .optional("ca_file", \.caFile, .path, "Certificates to trust instead of the system's."),
            .optional("proxy", \.proxy, .hostPort, "HTTP proxy for all connections to venues (CONNECT)."),
            .value("deflate", \.deflate, .flag, "Ask venues for compressed messages (permessage-deflate)."),
            .value(
                "max_message", \.maxMessage, .size(.kibibytes(64)...(.gibibytes(1))),
                "A larger message closes its connection."),
            .value("connect_timeout", \.connectTimeout, deadline, "Deadline of the TCP connection."),
            .value("tls_timeout", \.tlsTimeout, deadline, "Deadline of the TLS handshake."),
            .value("upgrade_timeout", \.upgradeTimeout, deadline, "Deadline of the WebSocket handshake."),
            .value("subscribe_timeout", \.subscribeTimeout, deadline, "Deadline of a subscription's acknowledgement."),
            .value("close_timeout", \.closeTimeout, deadline, "A socket not closed by then is shut down by force."),
            .value(
                "first_data_timeout", \.firstDataTimeout, .duration(.seconds(1)...(.seconds(3_600))),
                "Deadline of a stream's first data, for streams that are usually busy."),
            .value(
                "stale_after", \.staleAfter, .duration(.seconds(1)...(.seconds(3_600))),
                "A connection without any data for this long is replaced."),
            .value("request_timeout", \.requestTimeout, deadline, "Deadline of a whole REST request."),
            .value(
                "backoff_base", \.backoffBase, .duration(.milliseconds(10)...(.seconds(60))),
                "Upper bound of the first reconnect's delay; doubled each time, chosen at random below it."),
            .value(
                "backoff_cap", \.backoffCap, .duration(.seconds(1)...(.seconds(3_600))),
                "Upper bound of every reconnect's delay. Reconnecting never ends."),
            .value(
                "rotate_after", \.rotateAfter, .duration(.seconds(5)...(.seconds(24 * 3_600))),
                "A connection is replaced, with overlap, at this age or up to a fifth before: each at its own."),
            .value(
                "rotate_overlap", \.rotateOverlap, .duration(.seconds(1)...(.seconds(600))),
                "Deadline of the new connection's first data before a rotation is given up."),
        ]
    }
}
