import Resilience
import Synchronization
import Transport

/// The one budget of new connections to a venue, for the slots of all loops.
///
/// A venue counts the connections of an address, so that after an outage hundreds of slots must take turns. A slot has
/// one place in the line, however often it asks; rotations go behind whoever has no socket.
final class ConnectBudget<C: Clock>: Sendable where C.Duration == Duration {
    /// What became of the requests.
    struct Counters: Sendable, Equatable {
        var asked: UInt64 = 0
        /// Asked again by a slot that already waited.
        var repeated: UInt64 = 0
        var granted: UInt64 = 0
        /// Permits that came back: nothing had reached the venue, or the slot wanted none any more.
        var givenBack: UInt64 = 0
        /// The line was full; the slot asks again by its own deadline.
        var refused: UInt64 = 0
        /// Slots in the line now.
        var waiting = 0
    }

    private struct State {
        var counters = Counters()
        /// By slot: at most as many as there are.
        var places: [UInt32: Place] = [:]
    }

    /// One slot's place in the line.
    private struct Place {
        /// Its newest request; nil when that was answered.
        var granted: (@Sendable (ConnectPermit) -> Void)?
        /// What waits on its behalf: one as a rotation, one as a slot without a socket, or both. Whichever is served
        /// first takes the request; the other's turn is given back.
        var waitsAsRotation = false
        var waitsWithoutSocket = false

        subscript(isRotation: Bool) -> Bool {
            get { isRotation ? self.waitsAsRotation : self.waitsWithoutSocket }
            set {
                if isRotation { self.waitsAsRotation = newValue } else { self.waitsWithoutSocket = newValue }
            }
        }

        var isWaiting: Bool { self.waitsAsRotation || self.waitsWithoutSocket }
    }

    /// Nobody connects for so long after the venue refused a connection for its rate, without a time of its own.
    private static var closure: Duration { .seconds(60) }

    private let limiter: RateLimiter<C>
    private let requests: AsyncStream<ConnectRequest>
    private let continuation: AsyncStream<ConnectRequest>.Continuation
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limiter: The venue's, one a connection.
    ///   - slots: How many slots there are at most.
    init(limiter: RateLimiter<C>, slots: Int) {
        self.limiter = limiter
        (self.requests, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(max(1, slots)))
    }

    /// The limiter's name in the process.
    var scope: String { self.limiter.scope }

    /// Puts a slot into the line, or its newest request into the place that it has; `granted` may run on any thread.
    ///
    /// A slot that waited for a rotation and has lost its socket meanwhile goes before the rotations.
    func acquire(_ request: ConnectRequest, _ granted: @escaping @Sendable (ConnectPermit) -> Void) {
        let mustWait = self.state.withLock { state in
            var place = state.places[request.slot] ?? Place()
            if place.granted == nil { state.counters.asked &+= 1 } else { state.counters.repeated &+= 1 }
            place.granted = granted
            let mustWait = !place[request.isRotation] && !(request.isRotation && place.isWaiting)
            if mustWait { place[request.isRotation] = true }
            state.places[request.slot] = place
            return mustWait
        }
        guard mustWait else { return }
        if case .enqueued = self.continuation.yield(request) { return }
        self.refuse(request)
    }

    /// Grants in order until the task is cancelled; a slot then waits for ever, as it is to be stopped.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await request in self.requests {
                group.addTask { await self.serve(request) }
            }
        }
    }

    /// What was counted so far, with the limiter's own figures.
    func snapshot() -> (counters: Counters, budget: RateLimiterSnapshot) {
        let counters = self.state.withLock { state in
            var counters = state.counters
            counters.waiting = state.places.values.count { $0.granted != nil }
            return counters
        }
        return (counters, self.limiter.snapshot())
    }

    private func serve(_ request: ConnectRequest) async {
        do throws(RateLimiterError) {
            let permit = try await self.limiter.acquire(priority: request.isRotation ? .polls : .resync)
            let granted = self.state.withLock { state in
                let granted = Self.end(request, &state)
                state.places[request.slot]?.granted = nil
                if granted != nil { state.counters.granted &+= 1 }
                return granted
            }
            guard let granted else { return self.limiter.giveBack(permit) }
            granted(
                ConnectPermit(
                    giveBack: { self.giveBack(permit) },
                    rateRefused: { self.limiter.close(for: Self.closure) }))
        } catch {
            self.refuse(request)
        }
    }

    private func giveBack(_ permit: RateLimiter<C>.Permit) {
        self.state.withLock { $0.counters.givenBack &+= 1 }
        self.limiter.giveBack(permit)
    }

    private func refuse(_ request: ConnectRequest) {
        self.state.withLock { state in
            let granted = Self.end(request, &state)
            if granted != nil, state.places[request.slot] == nil { state.counters.refused &+= 1 }
        }
    }

    /// Takes what waited out of the line, and the slot's place with the last of it; gives what is to be answered.
    private static func end(
        _ request: ConnectRequest, _ state: inout State
    ) -> (@Sendable (ConnectPermit) -> Void)? {
        guard var place = state.places[request.slot] else { return nil }
        place[request.isRotation] = false
        state.places[request.slot] = place.isWaiting ? place : nil
        return place.granted
    }
}
