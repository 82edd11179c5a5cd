/// Where a server listens and what it allows.
package struct HTTPServerConfiguration: Sendable {
    /// The address to listen on, IPv4 or IPv6.
    package var address = "127.0.0.1"
    /// The port to listen on; 0 takes a free one.
    package var port = 0
    /// PEM files of the certificate chain and its key; nil serves without TLS.
    package var tls: (certificateFile: String, keyFile: String)?
    /// Connections at a time; further ones are closed at once and counted.
    package var maxConnections = 4096
    /// How long a connection may wait for its next request.
    package var keepAliveTimeout = Duration.seconds(60)
    /// How long a connection may take for a TLS handshake or one whole request.
    package var requestTimeout = Duration.seconds(15)
    /// How long a client may read nothing of what waits for it before the connection ends.
    package var writeTimeout = Duration.seconds(30)
    /// Bytes of one request, head and body together.
    package var maxRequestBytes = 65_536
    /// Bytes of one WebSocket message from a client.
    package var maxMessageBytes = 1_048_576
    /// Bytes that may wait for one WebSocket client; `send` refuses what would pass it.
    package var maxQueuedBytes = 16_777_216

    package init() {}
}
