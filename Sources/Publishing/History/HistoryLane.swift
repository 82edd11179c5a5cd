import Resilience
import Synchronization

/// The way of one piece to the publisher: a lane, and what its producer waits for.
///
/// The lane's memory is the piece's backpressure: a producer that finds it full waits until half of it is free.
final class HistoryLane: Sendable {
    enum Wish {
        /// Half of the lane is free.
        case room
        /// All is acknowledged.
        case nothingLeft
    }

    private struct State {
        var waiting: (wish: Wish, reply: Reply<Bool>)?
        var error: HistoryPublishError?
        var isAbandoned = false
        var duplicates: UInt64 = 0
    }

    /// Its number in replies; none is used twice.
    let number: Int
    let subject: String
    let lane: PublishLane
    private let state = Mutex(State())
    private let waker: PublisherWaker

    init(number: Int, subject: String, limits: QueueLimits, waker: PublisherWaker) {
        self.number = number
        self.subject = subject
        self.lane = PublishLane(kind: .log, limits: limits, waker: waker)
        self.waker = waker
    }

    // MARK: The producer's side

    /// Waits for what is wished; throws why the piece failed.
    func wait(for wish: Wish) async throws(HistoryPublishError) {
        let reply = Reply<Bool>()
        let error = self.state.withLock { state in
            if state.error == nil { state.waiting = (wish, reply) }
            return state.error
        }
        if let error { throw error }
        self.waker.wake()
        guard await reply.wait() != nil else { throw HistoryPublishError("publishing on \(self.subject) was given up") }
        if let error = self.error { throw error }
    }

    /// Lets the publisher forget the piece; what is on its way may still be stored.
    func abandon() {
        self.state.withLock { $0.isAbandoned = true }
        self.waker.wake()
    }

    var error: HistoryPublishError? { self.state.withLock { $0.error } }

    /// Messages that the stream knew already when they first came.
    var duplicates: UInt64 { self.state.withLock { $0.duplicates } }

    // MARK: The publisher's side

    var isAbandoned: Bool { self.state.withLock { $0.isAbandoned } }

    func countDuplicate() { self.state.withLock { $0.duplicates &+= 1 } }

    /// Ends the piece with an error: the first one stands.
    func fail(_ error: HistoryPublishError) {
        let waiting = self.state.withLock { state in
            if state.error == nil { state.error = error }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.reply.give(true)
    }

    /// Lets the producer go on if what it waits for is there.
    func tell() {
        let waiting = self.state.withLock { state -> Reply<Bool>? in
            guard let waiting = state.waiting else { return nil }
            let isThere =
                switch waiting.wish {
                case .room: !self.lane.isFilled(to: 0.5)
                case .nothingLeft: self.lane.isEmpty
                }
            guard isThere else { return nil }
            state.waiting = nil
            return waiting.reply
        }
        waiting?.give(true)
    }
}
