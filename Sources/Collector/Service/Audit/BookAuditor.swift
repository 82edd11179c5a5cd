import Backfill
import Logging
import MarketModel
import OrderBook
import Resilience
import Synchronization
import Transport
import Venues

/// Compares one live book after the other with the venue's own, of all sections, as long as the service runs.
///
/// One comparison is under way at a time, and its request is the last to get budget. The book's loop keeps updates
/// from before the venue is asked until its answer was brought up to them, and says what came of it.
struct BookAuditor {
    /// How long a loop has to say whether a book can be compared.
    private static let askPatience = Duration.seconds(5)
    /// How long the venue has to answer, the wait for budget included: who waits keeps all other books waiting.
    private static let answerPatience = Duration.seconds(20)
    /// How long a loop has to say what came of an answer: longer than an answer waits for its book.
    private static let endPatience = Duration.seconds(20)
    /// Books that are passed over in one turn, since they are not live.
    private static let passedMost = 64

    let service: CollectorService
    /// What is waited between two comparisons.
    let interval: Duration

    /// Audits until the task is cancelled.
    func run(_ rest: VenueRequests, using generator: some RandomNumberGenerator) async {
        guard self.interval > .zero else { return }
        var rota = AuditRota(using: generator)
        while true {
            do { try await Task.sleep(for: self.interval) } catch { return }
            await self.turn(&rota, rest)
        }
    }

    /// Compares the next book that can be compared.
    private func turn<Generator>(_ rota: inout AuditRota<Generator>, _ rest: VenueRequests) async {
        for _ in 0..<Self.passedMost {
            guard !Task.isCancelled, let book = rota.next(of: { self.service.auditedBooks }) else { return }
            guard let outcome = await self.audit(book, rest) else { continue }
            if outcome == .notAligned || outcome == .failed { rota.tryAgain(book) }
            return
        }
    }

    /// Compares a book, and counts it; nil where it cannot be compared now.
    private func audit(_ book: AuditedBook, _ rest: VenueRequests) async -> BookAuditResult.Outcome? {
        guard let loop = self.service.roster.withLock({ $0.home(of: book.symbol, in: book.segment) }),
            let venue = VenueCatalog.venue(book.segment.venue), let segment = VenueCatalog.segment(book.segment),
            let asked = venue.auditRequest(
                of: book.symbol, levels: self.service.auditedLevels(in: book.segment), in: segment)
        else { return nil }
        let (ends, ended) = AsyncStream.makeStream(of: BookAuditResult.self, bufferingPolicy: .bufferingOldest(1))
        guard await self.begin(book.symbol, in: book.segment, on: loop, limit: asked.levels, ended) else { return nil }
        let cell = self.service.workers[loop]
        var result: BookAuditResult?
        if let body = await self.answer(to: asked.request, of: book, rest) {
            let received = LoopClock.wallMicroseconds()
            cell.submit { $0.auditArrived(body, receivedMicroseconds: received) }
            result = await Self.first(within: Self.endPatience) { await ends.first { _ in true } }
        }
        if result == nil { cell.submit { $0.cancelAudit() } }
        guard !Task.isCancelled else { return nil }
        let outcome = result?.outcome ?? .failed
        self.service.auditCounts.count(book.segment, outcome, levels: result?.levels ?? 0)
        if outcome == .mismatched {
            self.service.log.error(
                "a book differed from the venue's and is built anew",
                metadata: ["segment": "\(book.segment)", "symbol": "\(book.symbol)"])
        }
        return outcome
    }

    /// Asks the venue; nil where no answer came in time.
    private func answer(to request: VenueRequest, of book: AuditedBook, _ rest: VenueRequests) async -> [UInt8]? {
        let answer = await Self.first(within: Self.answerPatience) { () -> Result<[UInt8], RequestFailure>? in
            do throws(RequestFailure) {
                return .success(try await rest.get(request, priority: .history))
            } catch {
                return .failure(error)
            }
        }
        if case .success(let body) = answer { return body }
        guard !Task.isCancelled else { return nil }
        var reason = "no spare budget"
        if case .failure(let failure) = answer { reason = "\(failure)" }
        self.service.sampledLog.tell(
            "no book to compare with", about: book.segment.description,
            metadata: ["segment": "\(book.segment)", "symbol": "\(book.symbol)", "error": "\(reason)"])
        return nil
    }

    /// Has the loop keep updates of a book; false where the book is not live, or the loop does not answer.
    private func begin(
        _ symbol: String, in segment: SegmentID, on loop: Int, limit: Int,
        _ ended: AsyncStream<BookAuditResult>.Continuation
    ) async -> Bool {
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        let isTaken = self.service.workers[loop].submit { worker in
            answer.yield(worker.beginAudit(symbol, in: segment, limit: limit, ended: ended))
            answer.finish()
        }
        guard isTaken else { return false }
        return await Self.first(within: Self.askPatience) { await answers.first { _ in true } } ?? false
    }

    /// Waits for a value; nil at the deadline, when the wait is cancelled.
    private static func first<Value: Sendable>(
        within patience: Duration, _ value: @escaping @Sendable () async -> Value?
    ) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await value() }
            group.addTask {
                do { try await Task.sleep(for: patience) } catch { return nil }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}

extension CollectorService {
    /// The books of all sections that a connection feeds.
    var auditedBooks: [AuditedBook] {
        self.roster.withLock { roster in
            roster.connections.flatMap { connection in
                connection.streams.compactMap { stream in
                    guard stream.types.contains(.orderbook), let symbol = stream.symbol else { return nil }
                    return AuditedBook(segment: connection.segment, symbol: symbol)
                }
            }
        }
    }

    /// Levels a side that the venue is asked for: what is kept, and no more than a snapshot brings.
    func auditedLevels(in segment: SegmentID) -> Int {
        let kept = self.configuration.books.retain
        guard VenueCatalog.segment(segment)?.snapshot != nil, let settings = self.configured.venues[segment] else {
            return kept
        }
        return min(kept, settings.snapshotLimit)
    }
}
