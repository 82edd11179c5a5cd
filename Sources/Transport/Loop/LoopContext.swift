internal import CLibwebsockets
internal import Glibc

/// What a loop counts; read on the loop's thread.
package struct LoopCounters: Sendable, Equatable {
    /// Sockets of any kind that live now, listening ones left out.
    package internal(set) var socketsLive = 0
    /// The most that ever lived at once.
    package internal(set) var socketsLiveMax = 0
    /// Sockets opened or accepted since the start.
    package internal(set) var socketsOpened: UInt64 = 0
    /// Sockets ended by force.
    package internal(set) var forcedKills: UInt64 = 0
    /// Timers armed now.
    package internal(set) var timersArmed = 0
}

/// Why a vhost could not be made.
struct LoopVhostError: Error {
    let name: String
}

/// One library context as seen from its own thread; commands receive it, and nobody else may hold on to it.
package final class LoopContext {
    /// The name that every vhost's one protocol has.
    static let protocolName: StaticString = "sluice\0"

    /// The library's context.
    let pointer: OpaquePointer

    /// What the loop was created with.
    package let options: ServiceLoopOptions

    /// Whether the loop is about to end: nothing can be opened or armed any more.
    package private(set) var isStopping = false

    /// What the loop counts.
    package internal(set) var counters = LoopCounters()

    /// The vhost of outgoing connections that need nothing special.
    private(set) var clientVhost: OpaquePointer?

    /// A policy under which the library sends no pings of its own and never hangs up for silence.
    ///
    /// Without one it pings after 300 s, which some venues answer by closing.
    let silentPolicy: UnsafePointer<lws_retry_bo_t>

    /// The way back into the loop for answers from other threads.
    let mailbox: LoopMailbox

    private let storage: LoopStorage
    private var specialVhosts: [ClientVhostKey: OpaquePointer] = [:]
    private var armedTimers: [ObjectIdentifier: LoopTimer] = [:]

    /// Creates the library's context on the calling thread; from then on it belongs to the loop's.
    init(options: ServiceLoopOptions, mailbox: LoopMailbox) throws(ServiceLoopError) {
        LibraryLog.install()
        let storage = LoopStorage()
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN
        info.gid = -1
        info.uid = -1
        info.options = UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT) | UInt64(LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
        info.pt_serv_buf_size = UInt32(clamping: options.serviceBufferBytes)
        info.fd_limit_per_thread = options.descriptorLimit
        info.timeout_secs = options.handshakeTimeout.librarySeconds
        info.user = storage.owner
        guard let pointer = LibraryLog.creating({ lws_create_context(&info) }) else { throw .contextRefused }
        self.pointer = pointer
        self.options = options
        self.mailbox = mailbox
        self.storage = storage
        self.silentPolicy = storage.policy
        storage.setOwner(self)
        do {
            self.clientVhost = try self.makeClientVhost(caFile: options.caFile, proxy: options.proxy, extensions: nil)
        } catch {
            lws_context_destroy(pointer)
            throw .clientSideRefused(caFile: options.caFile)
        }
    }

    // MARK: Timers

    /// Makes a timer that is not armed yet.
    package func makeTimer(_ action: @escaping () -> Void) -> LoopTimer {
        LoopTimer(context: self, action: action)
    }

    /// Runs `action` once after `delay` unless the handle is cancelled or the loop stops before.
    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> LoopTimer {
        let timer = LoopTimer(context: self, action: action)
        timer.schedule(after: delay)
        return timer
    }

    func timerArmed(_ timer: LoopTimer) {
        self.armedTimers[ObjectIdentifier(timer)] = timer
        self.counters.timersArmed = self.armedTimers.count
    }

    func timerDisarmed(_ timer: LoopTimer) {
        self.armedTimers[ObjectIdentifier(timer)] = nil
        self.counters.timersArmed = self.armedTimers.count
    }

    // MARK: Vhosts

    /// Makes a vhost with one protocol, ours.
    ///
    /// - Parameters:
    ///   - acceptor: Makes the endpoints of accepted sockets; a client vhost has none.
    ///   - configure: Fills in port, interface and the rest; strings come from `keep(_:)`.
    func makeVhost(
        name: String, acceptor: LoopAcceptor?, configure: (inout lws_context_creation_info) -> Void
    ) throws(LoopVhostError) -> OpaquePointer {
        let protocols = self.storage.makeProtocols(
            acceptor: acceptor, receiveBufferBytes: self.options.receiveBufferBytes)
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN
        info.vhost_name = self.keep(name)
        info.protocols = UnsafePointer(protocols)
        info.options = UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT)
        info.connect_timeout_secs = self.options.connectTimeout.librarySeconds
        info.timeout_secs = self.options.handshakeTimeout.librarySeconds
        info.retry_and_idle_policy = self.silentPolicy
        // Port 0 means "no proxy"; with none given the library would take `http_proxy` from the environment.
        info.http_proxy_address = self.keep("none:0")
        configure(&info)
        guard let vhost = lws_create_vhost(self.pointer, &info) else { throw LoopVhostError(name: name) }
        return vhost
    }

    /// Makes a vhost of outgoing connections.
    func makeClientVhost(
        caFile: String?, proxy: String?, extensions: UnsafePointer<lws_extension>?
    ) throws(LoopVhostError) -> OpaquePointer {
        // The library only logs a CA file that it cannot read, and then trusts nobody.
        if let caFile, access(caFile, R_OK) != 0 { throw LoopVhostError(name: "client") }
        return try self.makeVhost(name: "client", acceptor: nil) { info in
            info.extensions = extensions
            if let caFile { info.client_ssl_ca_filepath = self.keep(caFile) }
            if let proxy { info.http_proxy_address = self.keep(proxy) }
        }
    }

    /// What sets a client vhost apart: the library keeps these per vhost, not per connection.
    private struct ClientVhostKey: Hashable {
        let caFile: String?
        let proxy: String?
        let offersDeflate: Bool
    }

    /// Special client vhosts that one loop makes at most; each holds a set of trusted certificates.
    private static let specialVhostLimit = 32

    /// Finds or makes the vhost that a WebSocket endpoint needs.
    func clientVhost(for endpoint: WebSocketEndpoint) throws(LoopVhostError) -> OpaquePointer {
        let key = ClientVhostKey(
            caFile: endpoint.caFile ?? self.options.caFile, proxy: endpoint.proxy ?? self.options.proxy,
            offersDeflate: endpoint.offersDeflate)
        if key == ClientVhostKey(caFile: self.options.caFile, proxy: self.options.proxy, offersDeflate: false),
            let clientVhost = self.clientVhost
        {
            return clientVhost
        }
        if let vhost = self.specialVhosts[key] { return vhost }
        guard self.specialVhosts.count < Self.specialVhostLimit else { throw LoopVhostError(name: "client") }
        let vhost = try self.makeClientVhost(
            caFile: key.caFile, proxy: key.proxy, extensions: key.offersDeflate ? self.storage.deflateExtensions : nil)
        self.specialVhosts[key] = vhost
        return vhost
    }

    /// The parameters of permessage-deflate, as the library reads them.
    var deflateOptions: UnsafePointer<lws_ext_options> { self.storage.deflateOptions }

    /// Copies `text` for as long as the context lives, for what the library keeps by pointer.
    func keep(_ text: String) -> UnsafePointer<CChar>? {
        self.storage.keep(text)
    }

    // MARK: Sockets

    func socketOpened() {
        self.counters.socketsLive &+= 1
        self.counters.socketsOpened &+= 1
        self.counters.socketsLiveMax = max(self.counters.socketsLiveMax, self.counters.socketsLive)
    }

    func socketClosed() {
        self.counters.socketsLive &-= 1
    }

    /// Ends both directions of a socket; its descriptor stays the library's to close.
    func shutdown(descriptor: Int32) {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    // MARK: Running

    /// Serves the context until the mailbox says stop; then ends every socket and destroys the context.
    func run() {
        let mailbox = self.mailbox
        while lws_service(self.pointer, 0) >= 0 {
            if !mailbox.drain(into: self) { break }
        }
        self.isStopping = true
        mailbox.stop()
        _ = mailbox.drain(into: self)
        mailbox.close()
        for timer in Array(self.armedTimers.values) { timer.cancel() }
        lws_context_destroy(self.pointer)  // calls back `terminated` of every socket
        self.storage.setOwner(nil)
    }

    /// Destroys a context that never ran.
    func discard() {
        self.isStopping = true
        lws_context_destroy(self.pointer)
        self.storage.setOwner(nil)
    }
}
