extension ConnectionSlotMachine {
    /// How patient the machine is.
    package struct Timing: Hashable, Sendable {
        /// The first attempts of all slots spread over this long.
        package var startSpread: Duration = .milliseconds(500)
        /// The upper end of the first backoff; each failure in a row doubles it.
        package var backoffBase: Duration = .milliseconds(500)
        /// No backoff is drawn from more than this.
        package var backoffCap: Duration = .seconds(30)
        /// A connection that stayed open this long and delivered data resets the backoff.
        package var proofTime: Duration = .seconds(20)
        package var resolveDeadline: Duration = .seconds(10)
        /// A permit that did not come in this time is asked for again.
        package var permitDeadline: Duration = .seconds(120)
        /// A rotation that is not ready by then is given up.
        package var rotationDeadline: Duration = .seconds(60)
        /// The upper end of the first pause after a rotation that came to nothing; each further one doubles it.
        package var rotationPauseBase: Duration = .seconds(20)
        /// No such pause is longer than this.
        package var rotationPauseCap: Duration = .seconds(600)

        package init() {}
    }

    package enum Timer: Hashable, Sendable, CaseIterable {
        case backoff, permit, resolve, proof, rotation, rotationPause
    }

    /// What the driver shall do, in order.
    package enum Action: Equatable, Sendable {
        case arm(Timer, Duration)
        case disarm(Timer)
        /// Ask the venue's budget; the answer names `attempt`.
        case acquireConnectPermit(attempt: UInt64)
        /// The permit of an attempt that is given up: no connection was begun.
        case giveBackPermit
        /// Look up the endpoint's host; the answer names `attempt`.
        case resolve(attempt: UInt64, endpoint: Int)
        case open(SocketID, endpoint: Int)
        case close(SocketID, DisconnectReason.Kind)
        /// Tell the consumer.
        case announceOpened(SocketID)
        case announceClosed(SocketID, DisconnectReason)
        case announceFailed(DisconnectReason)
        case announceRotation(RotationOutcome)
        /// Every socket is gone after a stop.
        case finished
    }

    package enum RotationOutcome: Hashable, Sendable {
        /// The new socket carries on alone.
        case completed
        /// The new one never got ready, or died; the old one carries on.
        case givenUp
    }
}
