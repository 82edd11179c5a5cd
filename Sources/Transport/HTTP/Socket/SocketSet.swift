internal import CLibwebsockets
internal import Glibc

/// What a member of a `SocketSet` is told; on the loop's thread.
protocol SocketSetMember: AnyObject {
    /// The socket may have something to read or room to write; `hungUp` means that both directions are over.
    func ready(hungUp: Bool)
    /// The turn ends in which `SocketSet.finishTurn(with:)` named this member.
    func turnEnded()
}

/// Sockets of ours that wait on a service loop, all behind one library socket.
///
/// The library watches a single epoll descriptor, as a file of its raw-file role, and this set hands events on. So
/// neither the library's table of descriptors nor its `poll` over all of them grows with the number of connections,
/// a descriptor here is closed by us alone, and a stalled connection can be taken out of watch altogether, which the
/// library's sockets cannot: it closes one that hangs up while its reading is paused (`lws_service_fd_tsi`, 4.1.6).
final class SocketSet: LoopEndpoint {
    /// Readiness that a member waits for.
    struct Interest: OptionSet {
        let rawValue: UInt8
        static let read = Interest(rawValue: 1)
        static let write = Interest(rawValue: 2)
    }

    /// Called once when the set is gone, because it was closed or the loop ended.
    var onTerminated: (() -> Void)?

    private let epoll: Int32
    private var members: [UInt64: any SocketSetMember] = [:]
    private var nextKey: UInt64 = 1
    private var turnMembers: [any SocketSetMember] = []
    private var turnTimer: LoopTimer?
    private var isDispatching = false
    private var isTerminated = false
    private static let eventsPerRound = 128

    private init(context: LoopContext, epoll: Int32) {
        self.epoll = epoll
        super.init(context: context)
    }

    /// Makes a set on the calling loop; it lives until `close()` or the loop's end.
    static func make(on context: LoopContext) throws(TransportError) -> SocketSet {
        guard !context.isStopping, let vhost = context.clientVhost else {
            throw TransportError(.loopUnavailable, "the loop is stopping")
        }
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw TransportError(.exhausted, "epoll_create1: \(errnoText(errno))") }
        let set = SocketSet(context: context, epoll: epoll)
        set.turnTimer = context.makeTimer { [weak set] in set?.endTurn() }
        context.socketOpened()
        // Released by `loopDispatch` at WSI_DESTROY. When adopting fails half-way the library keeps the socket, the
        // descriptor and so this retain until the vhost goes, and destroys it then.
        let retained = Unmanaged.passRetained(set)
        let name = LoopContext.protocolName
        let wsi = name.withUTF8Buffer { name in
            name.withMemoryRebound(to: CChar.self) { name in
                lws_adopt_descriptor_vhost_raw_file(vhost, epoll, name.baseAddress, retained.toOpaque())
            }
        }
        guard wsi != nil else { throw TransportError(.exhausted, "the loop takes no further descriptor") }
        return set
    }

    // MARK: Members

    /// Starts to watch a socket; nil if the system refuses.
    func add(_ member: any SocketSetMember, descriptor: Int32, interest: Interest) -> UInt64? {
        guard !self.isTerminated else { return nil }
        let key = self.nextKey
        guard self.control(EPOLL_CTL_ADD, descriptor, key, interest) else { return nil }
        self.nextKey += 1
        self.members[key] = member
        return key
    }

    func change(_ key: UInt64, descriptor: Int32, interest: Interest) {
        _ = self.control(EPOLL_CTL_MOD, descriptor, key, interest)
    }

    /// Ends the watch; events already fetched for this key are dropped.
    func remove(_ key: UInt64, descriptor: Int32) {
        guard self.members.removeValue(forKey: key) != nil, !self.isTerminated else { return }
        var event = epoll_event()
        _ = epoll_ctl(self.epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Asks for one `turnEnded()` when the current batch of events is done, or soon if none is under way.
    ///
    /// A member names itself once a turn; many small writes thus become one.
    func finishTurn(with member: any SocketSetMember) {
        self.turnMembers.append(member)
        if !self.isDispatching { self.turnTimer?.schedule(after: .zero) }
    }

    /// Gives the set up; `onTerminated` follows from the loop.
    func close() {
        self.turnTimer?.cancel()
        guard let wsi = self.wsi else { return }
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC)
    }

    // MARK: Events

    override func handle(
        _ reason: lws_callback_reasons, _ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int
    ) -> Int32 {
        if reason == LWS_CALLBACK_RAW_RX_FILE { self.dispatch() }
        return 0
    }

    override func terminated() {
        self.isTerminated = true
        self.turnTimer?.cancel()
        self.turnTimer = nil
        self.members = [:]
        self.turnMembers = []
        let onTerminated = self.onTerminated
        self.onTerminated = nil
        onTerminated?()
    }

    private func dispatch() {
        self.isDispatching = true
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsPerRound) { events in
            let count = epoll_wait(self.epoll, events.baseAddress, Int32(Self.eventsPerRound), 0)
            guard count > 0 else { return }
            for event in events[..<Int(count)] {
                // A member that an earlier event of this round removed is not found any more.
                guard let member = self.members[event.data.u64] else { continue }
                let dead = EPOLLHUP.rawValue | EPOLLERR.rawValue
                member.ready(hungUp: event.events & dead != 0)
            }
        }
        self.isDispatching = false
        self.endTurn()
    }

    private func endTurn() {
        guard !self.turnMembers.isEmpty else { return }
        let members = self.turnMembers
        self.turnMembers.removeAll(keepingCapacity: true)
        for member in members { member.turnEnded() }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ key: UInt64, _ interest: Interest) -> Bool {
        var event = epoll_event()
        if interest.contains(.read) { event.events |= EPOLLIN.rawValue }
        if interest.contains(.write) { event.events |= EPOLLOUT.rawValue }
        event.data.u64 = key
        return epoll_ctl(self.epoll, operation, descriptor, &event) == 0
    }
}

/// Lets the library watch `descriptor` as a plain file; it closes the descriptor at the end.
private func lws_adopt_descriptor_vhost_raw_file(
    _ vhost: OpaquePointer, _ descriptor: Int32, _ protocolName: UnsafePointer<CChar>?,
    _ opaque: UnsafeMutableRawPointer
) -> OpaquePointer? {
    var info = lws_adopt_desc_t()
    info.vh = vhost
    info.type = LWS_ADOPT_RAW_FILE_DESC
    info.fd.filefd = descriptor
    info.vh_prot_name = protocolName
    info.opaque = opaque
    return lws_adopt_descriptor_vhost_via_info(&info)
}

/// The system's words for an error number.
func errnoText(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else { return "\(code)" }
        return String(cString: base)
    }
}
