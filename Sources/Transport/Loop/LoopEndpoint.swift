internal import CLibwebsockets

/// What one library socket (`wsi`) calls back into; subclasses give it meaning.
///
/// The library holds one retain from `LoopContext.connect` (or from the accept of a server's socket) until
/// `terminated()`, which is called exactly once and is the last call. Everything happens on the loop's thread.
class LoopEndpoint {
    /// The loop the socket lives on.
    let context: LoopContext

    /// The socket, from its creation to `terminated()`.
    fileprivate(set) final var wsi: OpaquePointer?

    fileprivate final var isAttached = false

    init(context: LoopContext) {
        self.context = context
    }

    /// Handles every callback of the socket but the terminal one; not zero closes it where the library says so.
    func handle(
        _ reason: lws_callback_reasons, _ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int
    ) -> Int32 {
        0
    }

    /// The socket is gone: its descriptor is closed and no callback follows.
    func terminated() {}

    /// Ends the socket without any politeness: `shutdown(2)` and the library's own kill timeout.
    ///
    /// The library closes the descriptor and calls `terminated()` soon after, never from within this call.
    final func kill() {
        guard let wsi = self.wsi else { return }
        self.context.counters.forcedKills &+= 1
        let descriptor = lws_get_socket_fd(wsi)
        if descriptor >= 0 { self.context.shutdown(descriptor: descriptor) }
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC)
    }
}

/// Makes the endpoint of each socket that a server vhost accepts.
class LoopAcceptor {
    /// Returns what shall handle the socket just accepted, `nil` to refuse it.
    func makeEndpoint(context: LoopContext) -> LoopEndpoint? { nil }
}

extension LoopContext {
    /// Opens a client socket for `endpoint`; whatever happens, `terminated()` is called once, maybe before this returns.
    ///
    /// `configure` fills in address, host, path and the rest; strings must live until it is called no more.
    @discardableResult
    func connect(_ endpoint: LoopEndpoint, info: inout lws_client_connect_info) -> Bool {
        precondition(!endpoint.isAttached, "an endpoint serves one socket")
        endpoint.isAttached = true
        self.socketOpened()
        guard !self.isStopping else {
            self.terminate(endpoint)
            return false
        }
        info.context = self.pointer
        if info.vhost == nil { info.vhost = self.clientVhost }
        // Every vhost has one protocol of this name; without it the library would look up the list of
        // WebSocket subprotocols instead.
        return Self.protocolName.withUTF8Buffer { name in
            name.withMemoryRebound(to: CChar.self) { name in
                info.local_protocol_name = name.baseAddress
                if info.retry_and_idle_policy == nil { info.retry_and_idle_policy = self.silentPolicy }
                let retained = Unmanaged.passRetained(endpoint)  // released by `terminate`
                info.opaque_user_data = retained.toOpaque()
                let wsi = lws_client_connect_via_info(&info)
                info.opaque_user_data = nil
                if let wsi {
                    if endpoint.isAttached { endpoint.wsi = wsi }
                    return endpoint.isAttached
                }
                // A refusal before the socket existed has no terminal callback of its own.
                if endpoint.isAttached {
                    self.terminate(endpoint)
                    retained.release()
                }
                return false
            }
        }
    }

    /// Ends an endpoint's life as seen by its owner.
    fileprivate func terminate(_ endpoint: LoopEndpoint) {
        endpoint.wsi = nil
        endpoint.isAttached = false
        self.socketClosed()
        endpoint.terminated()
    }
}

/// The one C callback behind every protocol of every vhost: finds the object, hands over, returns.
func loopDispatch(
    _ wsi: OpaquePointer?, _ reason: lws_callback_reasons, _ input: UnsafeMutableRawPointer?, _ length: Int
) -> Int32 {
    guard let wsi else { return 0 }
    switch reason {
    case LWS_CALLBACK_PROTOCOL_INIT, LWS_CALLBACK_PROTOCOL_DESTROY, LWS_CALLBACK_EVENT_WAIT_CANCELLED,
        LWS_CALLBACK_GET_THREAD_ID, LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS,
        LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        return 0  // no socket of ours is behind these
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED where lws_get_opaque_user_data(wsi) == nil:
        return loopAccept(wsi)  // client sockets get this too, but come with their endpoint
    default:
        break
    }
    guard let data = lws_get_opaque_user_data(wsi) else { return 0 }
    let unmanaged = Unmanaged<LoopEndpoint>.fromOpaque(data)
    if reason == LWS_CALLBACK_WSI_DESTROY {
        lws_set_opaque_user_data(wsi, nil)
        let endpoint = unmanaged.takeRetainedValue()  // balances `connect` and `loopAccept`
        endpoint.context.terminate(endpoint)
        return 0
    }
    return unmanaged._withUnsafeGuaranteedRef { endpoint in
        endpoint.wsi = wsi
        return endpoint.handle(reason, wsi, input, length)
    }
}

private func loopAccept(_ wsi: OpaquePointer) -> Int32 {
    guard let context = LoopStorage.owner(of: lws_get_context(wsi)), let acceptor = lws_get_protocol(wsi)?.pointee.user
    else {
        return -1
    }
    guard !context.isStopping,
        let endpoint = Unmanaged<LoopAcceptor>.fromOpaque(acceptor).takeUnretainedValue().makeEndpoint(context: context)
    else { return -1 }
    endpoint.isAttached = true
    endpoint.wsi = wsi
    context.socketOpened()
    lws_set_opaque_user_data(wsi, Unmanaged.passRetained(endpoint).toOpaque())  // released in `loopDispatch`
    return endpoint.handle(LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED, wsi, nil, 0)
}
