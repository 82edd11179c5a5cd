/// What a service loop is created with.
package struct ServiceLoopOptions: Sendable {
    /// Names the thread (its first 15 bytes) and the loop in metrics.
    package var name: String

    /// File of PEM certificates that replaces the system's for outgoing TLS; `nil` trusts the system's.
    package var caFile: String?

    /// HTTP CONNECT proxy of outgoing connections, `host:port` or `user:password@host:port`.
    ///
    /// The library resolves the host on the loop's thread, so an address serves better than a name.
    package var proxy: String?

    /// Bytes that one read from a socket takes at most; with 4 KiB a 20 KB frame arrives in five pieces.
    package var serviceBufferBytes: Int = 64 * 1024

    /// Bytes of one WebSocket frame that are gathered before they are handed over.
    package var receiveBufferBytes: Int = 64 * 1024

    /// The library's own limit on connecting, whole seconds; endpoints have finer deadlines of their own.
    package var connectTimeout: Duration = .seconds(30)

    /// The library's own limit on every other handshake (TLS, upgrade, close), whole seconds.
    package var handshakeTimeout: Duration = .seconds(30)

    /// Commands that may wait for the loop; one more is refused.
    package var mailboxLimit: Int = 4096

    /// Sockets that the loop holds at most, its own wake pipe included.
    ///
    /// The library reserves 16 bytes for each; without a bound it reserves them for every descriptor that
    /// the process may open, which can be a million.
    package var descriptorLimit: UInt32 = 1024

    package init(name: String, caFile: String? = nil, proxy: String? = nil) {
        self.name = name
        self.caFile = caFile
        self.proxy = proxy
    }
}

/// Why a service loop did not start.
package enum ServiceLoopError: Error, Equatable {
    /// The library refused to create a context: out of memory or descriptors.
    case contextRefused

    /// The client side could not be set up, most often because the CA file cannot be read.
    case clientSideRefused(caFile: String?)

    /// The system refused another thread; `errno` as returned.
    case threadRefused(errno: Int32)

    /// The loop was started before.
    case alreadyStarted
}
