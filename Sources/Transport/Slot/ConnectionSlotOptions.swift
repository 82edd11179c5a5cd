/// What a connection slot is created with.
package struct ConnectionSlotOptions: Sendable {
    /// Names the slot among all of the process.
    package var number: UInt32

    /// Where it connects, at least one: the next on refusals, on failures in a row or when the consumer says so, until
    /// one delivers, which is kept.
    package var endpoints: [WebSocketEndpoint]

    package var limits = WebSocketLimits()
    package var timing = ConnectionSlotMachine.Timing()

    /// Asks the venue's budget for one connect; `granted` may be called from any thread, now or later.
    ///
    /// A permit that comes after the slot lost interest is given back.
    package var acquirePermit:
        @Sendable (_ request: ConnectRequest, _ granted: @escaping @Sendable (ConnectPermit) -> Void) -> Void = {
            $1(ConnectPermit())
        }

    package init(number: UInt32, endpoints: [WebSocketEndpoint]) {
        precondition(!endpoints.isEmpty, "a slot needs an endpoint")
        self.number = number
        self.endpoints = endpoints
    }
}

/// What a slot counted since it was made.
package struct ConnectionSlotCounters: Sendable, Equatable {
    /// Attempts that reached the point of opening a socket.
    package internal(set) var connects: UInt64 = 0
    /// Sockets that opened.
    package internal(set) var opened: UInt64 = 0
    /// Ends and failures by kind, those that we wanted included.
    package internal(set) var ends: [DisconnectReason.Kind: UInt64] = [:]
    /// Sockets now, counted from their creation to their terminal callback.
    package internal(set) var socketsLive = 0
    package internal(set) var socketsLiveMax = 0
    /// Planned rotations that completed.
    package internal(set) var rotations: UInt64 = 0
    package internal(set) var rotationsGivenUp: UInt64 = 0
    /// Traffic of all sockets, the living ones included.
    package internal(set) var traffic = WebSocketCounters()

    package init() {}
}

extension WebSocketCounters {
    static func += (total: inout WebSocketCounters, part: WebSocketCounters) {
        total.messages &+= part.messages
        total.bytes &+= part.bytes
        total.gathered &+= part.gathered
        total.inflated &+= part.inflated
        total.sent &+= part.sent
        total.refusedSends &+= part.refusedSends
        total.pingsSent &+= part.pingsSent
        total.pongsReceived &+= part.pongsReceived
    }
}
