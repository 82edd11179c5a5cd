package import MarketModel
import Synchronization

/// One stretch of a series on its way to the stream. Used by one task at a time; ended by `finish` or `abandon`.
package final class HistoryPublication: Sendable {
    /// What became of the rows.
    package struct Counts: Sendable, Equatable {
        package var published: UInt64 = 0
        /// Held by a stream already.
        package var skipped: UInt64 = 0
        /// Of the messages' bodies.
        package var bytes: UInt64 = 0
    }

    private struct State {
        var counts = Counts()
        var isOver = false
    }

    private let lane: HistoryLane
    private let messages: HistoryMessages
    private let held: HeldRows
    private let shared: HistoryShared
    private let state = Mutex(State())

    init(_ lane: HistoryLane, _ messages: HistoryMessages, _ held: HeldRows, shared: HistoryShared) {
        self.lane = lane
        self.messages = messages
        self.held = held
        self.shared = shared
    }

    deinit { self.leave() }

    /// Publishes what no stream holds; waits while too much is under way.
    ///
    /// - Parameter frame: What the rows' texts point into.
    package func write(
        _ rows: [MarketEvent], frame: [UInt8], scales: DecimalScales, receivedMicroseconds: Int64
    ) async throws(HistoryPublishError) {
        for row in rows {
            let event = row.backfilled(receivedMicroseconds: receivedMicroseconds)
            while try !self.put(event, frame, scales) { try await self.lane.wait(for: .room) }
        }
        if let error = self.lane.error { throw error }
    }

    /// Returns once all is acknowledged.
    package func finish() async throws(HistoryPublishError) -> Counts {
        try await self.lane.wait(for: .nothingLeft)
        self.leave()
        var counts = self.state.withLock { $0.counts }
        // A try that was killed a moment ago stored them behind our reading.
        let duplicates = min(self.lane.duplicates, counts.published)
        counts.published -= duplicates
        counts.skipped += duplicates
        return counts
    }

    /// Gives up what is not acknowledged; it may be stored nevertheless.
    package func abandon() { self.leave() }

    private func leave() {
        let isFirst = self.state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        self.lane.abandon()
        self.shared.left()
    }

    /// Queues a row or passes over it; false when there is no room now.
    private func put(
        _ event: MarketEvent, _ frame: [UInt8], _ scales: DecimalScales
    ) throws(HistoryPublishError) -> Bool {
        var range = 0..<0
        if case .trade(let trade) = event {
            let (start, count) = (Int(trade.id.offset), Int(trade.id.count))
            guard start >= 0, count >= 0, start + count <= frame.count else {
                throw HistoryPublishError("a trade on \(self.messages.subject) has no id", .rows)
            }
            range = start..<start + count
        }
        return try frame.withUnsafeBufferPointer { buffer throws(HistoryPublishError) -> Bool in
            let bytes = UnsafeRawBufferPointer(buffer)
            let id = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard !self.held.contains(event, id: id) else {
                self.state.withLock { $0.counts.skipped += 1 }
                return true
            }
            let length = try self.messages.put(
                event, bytes, id: id, scales: scales, number: { self.shared.next(self.messages.subject) },
                into: self.lane.lane)
            guard let length else { return false }
            self.state.withLock { state in
                state.counts.published += 1
                state.counts.bytes += UInt64(length)
            }
            return true
        }
    }
}
