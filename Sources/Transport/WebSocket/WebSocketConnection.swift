internal import CLibwebsockets
internal import Glibc
internal import MarketModel

/// One client WebSocket from connect to the library's terminal callback, on the loop's thread.
///
/// The library answers pings by itself and frames, masks and unmasks; fragments, limits, text validity,
/// decompression, deadlines and the reason of the end are dealt with here.
final class WebSocketConnection: LoopEndpoint {
    private enum Phase {
        case connecting  // until TCP stands
        case securing  // TLS, or the proxy's answer
        case upgrading
        case open
        case closing  // we closed; waiting for the end
        case ended
    }

    /// Names the connection among its owner's.
    let id: SocketID

    private let target: WebSocketEndpoint
    private let limits: WebSocketLimits
    private unowned let owner: WebSocketHandler
    private var phase = Phase.connecting
    private var deadline: LoopTimer?
    private var pings: LoopTimer?
    private var reason: DisconnectReason?
    private var closeToSend: DisconnectReason?

    private var inflater: MessageInflater?
    private var gathered: [UInt8] = []
    private var isGathering = false
    private var isCompressed = false
    private var isBinary = false

    private var queue: SendQueue
    private var pingIsDue = false
    private var pingIsUnanswered = false
    private var heardSinceTick = false

    private(set) var counters = WebSocketCounters()

    init(
        id: SocketID, endpoint: WebSocketEndpoint, limits: WebSocketLimits, context: LoopContext,
        owner: WebSocketHandler
    ) {
        self.id = id
        self.target = endpoint
        self.limits = limits
        self.owner = owner
        self.queue = SendQueue(countLimit: limits.sendQueueCount, byteLimit: limits.sendQueueBytes)
        super.init(context: context)
    }

    // MARK: Owner's side

    /// Opens the socket to `address`, numeric unless a proxy looks it up; `ended` follows once, maybe before this returns.
    func open(address: String) {
        self.deadline = self.context.makeTimer { [weak self] in self?.deadlinePassed() }
        self.deadline?.schedule(after: self.limits.connectDeadline)
        var info = lws_client_connect_info()
        do {
            info.vhost = try self.context.clientVhost(for: self.target)
        } catch {
            self.reason = DisconnectReason(.connectFailed, detail: "no client vhost: \(error.name)")
        }
        // The library writes the request line into 2048 bytes and the host into 128.
        if self.target.path.utf8.count > 1900 || self.target.host.utf8.count > 120 {
            self.reason = DisconnectReason(.connectFailed, detail: "path or host too long")
        }
        guard self.reason == nil else {
            self.terminated()
            return
        }
        info.port = Int32(self.target.port)
        info.ssl_connection = Int32(LCCSCF_HTTP_NO_FOLLOW_REDIRECT.rawValue)
        if self.target.isSecure { info.ssl_connection |= Int32(LCCSCF_USE_SSL.rawValue) }
        address.withCString { address in
            self.target.hostHeader.withCString { host in
                self.target.path.withCString { path in
                    "http/1.1".withCString { alpn in
                        info.address = address
                        info.host = host
                        info.path = path
                        info.alpn = alpn
                        _ = self.context.connect(self, info: &info)
                    }
                }
            }
        }
    }

    /// Queues a text message; `false` when the connection is not open or the queue full.
    func send(text: String) -> Bool {
        guard case .open = self.phase, let wsi = self.wsi, self.queue.append(text) else {
            self.counters.refusedSends &+= 1
            return false
        }
        lws_callback_on_writable(wsi)
        return true
    }

    /// Closes politely with a deadline, or at once where no handshake stands; `ended` follows with `reason`.
    func close(_ reason: DisconnectReason) {
        switch self.phase {
        case .open:
            self.reason = self.reason ?? reason
            self.phase = .closing
            self.closeToSend = reason
            self.pings?.cancel()
            self.deadline?.schedule(after: self.limits.closeDeadline)
            if let wsi = self.wsi { lws_callback_on_writable(wsi) }
        case .connecting, .securing, .upgrading:
            self.fail(reason)
        case .closing, .ended:
            return  // on its way already
        }
    }

    // MARK: Library's side

    override func handle(
        _ reason: lws_callback_reasons, _ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_CLIENT_RECEIVE:
            return self.receive(wsi, UnsafeRawBufferPointer(start: input, count: length))
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            return self.write(wsi)
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
            self.counters.pongsReceived &+= 1
            self.pongReceived()
        case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
            if case .connecting = self.phase { self.beginSecuring() }
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
            return self.appendHeaders(wsi, input, length)
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            self.established()
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            self.peerClosed(UnsafeRawBufferPointer(start: input, count: length))
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            self.connectionFailed(wsi, UnsafeRawBufferPointer(start: input, count: input == nil ? 0 : length))
        case LWS_CALLBACK_CLIENT_CLOSED:
            if self.reason == nil { self.reason = self.reasonOfSilentEnd(wsi) }
        default:
            break  // the library's other callbacks concern servers, files and its own bookkeeping
        }
        return 0
    }

    override func terminated() {
        guard self.phase != .ended else { return }
        let phase = self.phase
        self.phase = .ended
        self.deadline?.cancel()
        self.pings?.cancel()
        self.deadline = nil
        self.pings = nil
        self.gathered = []
        let reason: DisconnectReason
        switch phase {
        case _ where self.reason != nil: reason = self.reason ?? DisconnectReason(.connectionLost)
        case _ where self.context.isStopping: reason = DisconnectReason(.stopped)
        case .connecting: reason = DisconnectReason(.connectFailed)
        case .securing: reason = DisconnectReason(.tlsFailed)
        case .upgrading: reason = DisconnectReason(.upgradeRefused)
        case .open, .closing, .ended: reason = DisconnectReason(.connectionLost)
        }
        self.owner.ended(self, reason: reason)
    }

    // MARK: Handshakes

    private func beginSecuring() {
        self.phase = .securing
        self.deadline?.schedule(after: self.limits.tlsDeadline)
    }

    private func appendHeaders(_ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
        self.phase = .upgrading
        self.deadline?.schedule(after: self.limits.upgradeDeadline)
        guard let input else { return 0 }
        let cursor = input.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
        guard let start = cursor.pointee else { return 0 }
        let end = start + length
        for header in self.target.headers {
            let name = header.name + ":"
            let code = name.withCString(encodedAs: UTF8.self) { name in
                header.value.withCString(encodedAs: UTF8.self) { value in
                    lws_add_http_header_by_name(wsi, name, value, Int32(clamping: header.value.utf8.count), cursor, end)
                }
            }
            if code != 0 {
                self.reason = DisconnectReason(.upgradeRefused, detail: "request headers too long")
                return -1
            }
        }
        return 0
    }

    private func established() {
        self.phase = .open
        self.deadline?.cancel()
        if let interval = self.limits.pingInterval {
            let pings = self.context.makeTimer { [weak self] in self?.pingTick() }
            self.pings = pings
            pings.schedule(after: interval)
        }
        self.owner.opened(self)
    }

    private func connectionFailed(_ wsi: OpaquePointer, _ text: UnsafeRawBufferPointer) {
        guard self.reason == nil else { return }
        let detail = String(decoding: text, as: UTF8.self)
        switch self.phase {
        case .connecting:
            self.reason =
                detail.hasPrefix("tls") || detail.contains("cert")
                ? DisconnectReason(.tlsFailed, detail: detail) : DisconnectReason(.connectFailed, detail: detail)
        case .securing:
            self.reason = DisconnectReason(.tlsFailed, detail: detail)
        case .upgrading, .open, .closing, .ended:
            let status = Int(lws_http_client_http_response(wsi))
            self.reason = DisconnectReason(.upgradeRefused, httpStatus: status > 0 ? status : nil, detail: detail)
        }
    }

    // MARK: Deadlines and pings

    private func deadlinePassed() {
        switch self.phase {
        case .connecting where self.isTCPEstablished:
            self.beginSecuring()
        case .connecting:
            self.fail(DisconnectReason(.connectTimedOut))
        case .securing:
            self.fail(DisconnectReason(.tlsTimedOut))
        case .upgrading:
            self.fail(DisconnectReason(.upgradeTimedOut))
        case .closing:
            self.kill()
        case .open, .ended:
            return  // the deadline was met in the same turn of the loop
        }
    }

    /// Whether the kernel's connection stands, which the library has no callback for.
    private var isTCPEstablished: Bool {
        guard let wsi = self.wsi else { return false }
        let descriptor = lws_get_socket_fd(wsi)
        guard descriptor >= 0 else { return false }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
    }

    private func pingTick() {
        guard case .open = self.phase, let interval = self.limits.pingInterval else { return }
        if self.pingIsUnanswered && !self.heardSinceTick {
            self.fail(DisconnectReason(.pongTimedOut))
            return
        }
        if self.pingIsUnanswered {
            self.pingIsUnanswered = false
            self.pings?.schedule(after: interval)
            return
        }
        self.pingIsUnanswered = true
        self.heardSinceTick = false
        self.pingIsDue = true
        if let wsi = self.wsi { lws_callback_on_writable(wsi) }
        self.pings?.schedule(after: self.limits.pongDeadline)
    }

    private func pongReceived() {
        self.heardSinceTick = true
        guard self.pingIsUnanswered, case .open = self.phase, let interval = self.limits.pingInterval else { return }
        self.pingIsUnanswered = false
        self.pings?.schedule(after: interval)
    }

    /// Ends the connection by force: there is nobody to be polite to.
    private func fail(_ reason: DisconnectReason) {
        self.reason = self.reason ?? reason
        self.phase = .closing
        self.pings?.cancel()
        // Should the library not end the socket by then, it is told again.
        self.deadline?.schedule(after: self.limits.closeDeadline)
        self.kill()
    }

    // MARK: Sending

    private func write(_ wsi: OpaquePointer) -> Int32 {
        if let closing = self.closeToSend {
            self.closeToSend = nil
            return self.beginClose(wsi, closing)
        }
        guard case .open = self.phase else { return 0 }
        if self.pingIsDue {
            self.pingIsDue = false
            self.counters.pingsSent &+= 1
            var ping = SendQueue.Message(text: "")
            if !ping.write(to: wsi, as: LWS_WRITE_PING) { return -1 }
        } else if var message = self.queue.popFirst() {
            self.counters.sent &+= 1
            if !message.write(to: wsi, as: LWS_WRITE_TEXT) { return -1 }
        }
        if self.pingIsDue || !self.queue.isEmpty { lws_callback_on_writable(wsi) }
        return 0
    }

    /// Starts the close handshake; -1 is returned to the library once only, a second one would skip the wait.
    private func beginClose(_ wsi: OpaquePointer, _ reason: DisconnectReason) -> Int32 {
        let status: lws_close_status =
            switch reason.kind {
            case .frameTooLarge, .messageTooLarge: LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE
            case .invalidUTF8, .invalidCompression: LWS_CLOSE_STATUS_INVALID_PAYLOAD
            case .protocolViolation: LWS_CLOSE_STATUS_PROTOCOL_ERR
            case .resolveFailed, .resolveTimedOut, .connectFailed, .connectTimedOut, .tlsFailed, .tlsTimedOut,
                .upgradeRefused, .upgradeTimedOut, .closedByPeer, .connectionLost, .pongTimedOut, .replaced, .rotated,
                .rotationGivenUp, .stopped:
                LWS_CLOSE_STATUS_NORMAL
            }
        lws_close_reason(wsi, status, nil, 0)
        return -1
    }

    // MARK: Receiving

    private func receive(_ wsi: OpaquePointer, _ piece: UnsafeRawBufferPointer) -> Int32 {
        let now = LoopClock.wallMicroseconds()
        guard case .open = self.phase else { return 0 }
        self.counters.bytes &+= UInt64(piece.count)
        self.heardSinceTick = true
        let isFirst = lws_is_first_fragment(wsi) != 0
        let isFinal = lws_is_final_fragment(wsi) != 0
        let left = lws_remaining_packet_payload(wsi)
        if isFirst {
            self.isBinary = lws_frame_is_binary(wsi) != 0
            self.isCompressed = self.inflater != nil && lws_get_reserved_bits(wsi) & 0x40 != 0
            // Pieces of a message that never ended: the library lets none through.
            if self.isGathering { return self.refuse(wsi, .protocolViolation, "message inside a message") }
        }
        let (frameLeft, overflow) = left.addingReportingOverflow(piece.count)
        if overflow || frameLeft > self.limits.frameBytes { return self.refuse(wsi, .frameTooLarge) }
        if isFirst && isFinal { return self.deliver(wsi, piece, now) }
        if frameLeft > self.limits.messageBytes - self.gathered.count { return self.refuse(wsi, .messageTooLarge) }
        self.isGathering = true
        self.gathered.append(contentsOf: piece)
        guard isFinal else { return 0 }
        self.isGathering = false
        self.counters.gathered &+= 1
        var whole: [UInt8] = []
        swap(&whole, &self.gathered)  // no exclusive access is held while the owner runs
        let code = whole.withUnsafeBytes { self.deliver(wsi, $0, now) }
        // Reused, unless one giant message would pin its size for ever.
        if whole.capacity <= 1 << 20 {
            whole.removeAll(keepingCapacity: true)
            swap(&whole, &self.gathered)
        }
        return code
    }

    /// Checks one whole message and hands it over.
    private func deliver(_ wsi: OpaquePointer, _ raw: UnsafeRawBufferPointer, _ now: Int64) -> Int32 {
        var message = raw
        if self.isCompressed, let inflater = self.inflater {
            switch inflater.inflate(raw) {
            case .message(let plain): message = plain
            case .invalid: return self.refuse(wsi, .invalidCompression)
            case .tooLarge: return self.refuse(wsi, .messageTooLarge, "inflated")
            }
            self.counters.inflated &+= 1
        }
        if message.count > self.limits.messageBytes { return self.refuse(wsi, .messageTooLarge) }
        if !self.isBinary && !UTF8Check.isValid(message) { return self.refuse(wsi, .invalidUTF8) }
        self.counters.messages &+= 1
        self.owner.received(Frame(bytes: message, receivedMicroseconds: now), on: self)
        return 0
    }

    /// Starts a close because of what the peer sent; the close itself begins where the socket is next writable.
    ///
    /// libwebsockets 4.1.6 keeps its place in the receive buffer when this callback asks for the end: what comes after
    /// it, while the close is under way, is written past the buffer's end (`lws_ws_client_rx_sm` returns before it
    /// sets `rx_ubuf_head` to 0; measured 2026-11-21 with a frame of 256 KiB).
    private func refuse(_ wsi: OpaquePointer, _ kind: DisconnectReason.Kind, _ detail: String = "") -> Int32 {
        let reason = DisconnectReason(kind, detail: detail)
        self.reason = self.reason ?? reason
        self.phase = .closing
        self.closeToSend = reason
        self.gathered = []
        self.pings?.cancel()
        self.deadline?.schedule(after: self.limits.closeDeadline)
        lws_callback_on_writable(wsi)
        return 0
    }

    private func peerClosed(_ payload: UnsafeRawBufferPointer) {
        var closed = DisconnectReason(.closedByPeer)
        if payload.count >= 2 {
            closed = DisconnectReason(
                .closedByPeer, closeCode: UInt16(payload[0]) << 8 | UInt16(payload[1]),
                detail: String(decoding: payload.dropFirst(2), as: UTF8.self))
        }
        self.reason = self.reason ?? closed
        self.phase = .closing
        self.pings?.cancel()
        self.deadline?.schedule(after: self.limits.closeDeadline)
    }

    /// Tells an end by the network from one by the library, which drops connections that break the protocol.
    private func reasonOfSilentEnd(_ wsi: OpaquePointer) -> DisconnectReason {
        if self.context.isStopping { return DisconnectReason(.stopped) }
        let descriptor = lws_get_socket_fd(wsi)
        guard descriptor >= 0 else { return DisconnectReason(.connectionLost) }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        if count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return DisconnectReason(.protocolViolation)
        }
        return DisconnectReason(.connectionLost)
    }
}

// MARK: permessage-deflate

extension WebSocketConnection {
    /// Whether the server took the offer.
    var isDeflating: Bool { self.inflater != nil }

    func deflateAccepted() {
        self.inflater = MessageInflater(limit: self.limits.messageBytes)
    }

    func deflateOption(_ index: Int32, value: String?) {
        switch DeflateExtension.Option(rawValue: index) {
        case .serverForgets: self.inflater?.serverForgetsWindow = true
        case .serverWindow: self.inflater?.windowBits = value.flatMap { Int32($0) } ?? 15
        case .clientForgets, .clientWindow, nil: break  // we send nothing compressed
        }
    }
}
