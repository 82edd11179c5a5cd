internal import Glibc
internal import MarketModel
internal import Resilience
internal import Transport
package import Venues

/// Fetches pieces over REST, page by page through the shared core, at the lowest priority.
package struct RESTPieceFetcher: Sendable {
    /// Asks a venue once, with retries and budget behind it.
    package typealias Ask = @Sendable (VenueRequest) async throws(RequestFailure) -> [UInt8]

    /// Windows of an hour without a trade after which a search for one ends.
    private static let emptyWindowsMost = 24 * 31
    /// Answers in a row without a trade of the range after which a piece ends.
    private static let emptyPagesMost = 50
    /// Trades of one millisecond that are gone back by, of which a search may have found any.
    private static let stepsBackMost = 50
    /// How often one request is made whose answers cannot be read. A piece is many requests: where one in twenty is cut, hardly
    /// any piece of a hundred would be whole, however often it began anew.
    private static let triesMost = 5
    /// Ids that are asked for, of which an answer gives the first: more than any answer holds.
    private static let idsAhead: UInt64 = 1_000_000
    /// Ids are signed numbers of 64 bits; nothing counts as far.
    private static let idsEnd = UInt64(Int64.max) - idsAhead - 1

    private let ask: Ask
    private let wallMicroseconds: @Sendable () -> Int64

    package init(
        wallMicroseconds: @escaping @Sendable () -> Int64 = { LoopClock.wallMicroseconds() }, ask: @escaping Ask
    ) {
        self.ask = ask
        self.wallMicroseconds = wallMicroseconds
    }

    /// Fetches a piece and hands its rows over in order.
    package func fetch(
        _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted,
        _ take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(PieceFailure) {
        let reader = AnswerReader(piece.instrument, venue, segment, wanted)
        if piece.series.kind == .trade {
            try await self.fetchTrades(piece, venue, segment, wanted, reader, take)
        } else {
            try await self.fetchRows(piece, venue, segment, wanted, reader, take)
        }
    }

    // MARK: - Rows of a range of time

    private func fetchRows(
        _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted, _ reader: AnswerReader,
        _ take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(PieceFailure) {
        let kind = piece.series.kind
        guard let offer = venue.historyOffer(of: kind, in: segment, wanted: wanted) else {
            throw PieceFailure(.permanent, HistoryPlanner.notServed(kind, venue, segment))
        }
        for window in Self.windows(of: piece.rangeMilliseconds, kind, offer) {
            guard
                let request = venue.historyRequest(
                    of: kind, symbol: piece.series.symbol, fromMilliseconds: window.lowerBound,
                    toMilliseconds: window.upperBound - 1, in: segment)
            else { throw PieceFailure(.permanent, "\(venue.title) cannot be asked for \(kind)") }
            let page = try await self.answer(to: request.request) { (body) throws(PieceFailure) in
                try reader.page(
                    body, to: request.question, in: window, receivedMicroseconds: self.wallMicroseconds())
            }
            try await Self.hand(page, take)
        }
    }

    /// Requests that a piece takes at least: of trades, how many there are is not known before.
    package static func requests(for piece: HistoryPiece, _ offer: HistoryOffer) -> Int64 {
        guard piece.series.kind != .trade else { return 2 }
        return Int64(Self.windows(of: piece.rangeMilliseconds, piece.series.kind, offer).count)
    }

    /// The windows of time of one answer each.
    static func windows(of range: Range<Int64>, _ kind: HistoryKind, _ offer: HistoryOffer) -> [Range<Int64>] {
        var most = offer.spanMostMilliseconds ?? .max
        // Of a month as long as its shortest, so that no more bars begin in a window than an answer holds; funding is due
        // each hour at most.
        let spacing = kind.interval.map { ($0.microseconds ?? 28 * 86_400_000_000) / 1_000 } ?? 3_600_000
        let (span, overflow) = spacing.multipliedReportingOverflow(by: Int64(max(1, offer.rowsMost)))
        if !overflow { most = min(most, span) }
        var windows: [Range<Int64>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let (end, overflow) = start.addingReportingOverflow(max(1, most))
            windows.append(start..<min(overflow ? .max : end, range.upperBound))
            start = windows[windows.count - 1].upperBound
        }
        return windows
    }

    // MARK: - Trades

    /// By ids: from the first trade of the range on, as long as they lie in it.
    private func fetchTrades(
        _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted, _ reader: AnswerReader,
        _ take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(PieceFailure) {
        let range = piece.rangeMilliseconds
        let symbol = piece.series.symbol
        guard var next = try await self.firstTrade(piece, venue, segment, wanted, reader) else { return }
        guard next < Self.idsEnd else {
            throw PieceFailure(.permanent, "\(venue.title) gave an id that is none: \(next)")
        }
        var emptyPages = 0
        while emptyPages < Self.emptyPagesMost {
            guard
                let page = venue.tradeRequest(
                    of: symbol, ids: next...(next &+ Self.idsAhead), in: segment, wanted: wanted)
            else { throw PieceFailure(.permanent, "\(venue.title) cannot be asked for trades by id") }
            let answer = try await self.trades(page.request, reader)
            let rows = answer.rows.filter { Self.sequence($0).map { $0 >= next } ?? false }
            let inside = rows.filter { row in
                row.milliseconds.map { range.contains($0) } ?? false
                    && Self.sequence(row).map { page.ids.contains($0) } ?? false
            }
            try await Self.hand(
                HistoryPage(
                    bytes: answer.bytes, rows: inside, scales: answer.scales,
                    receivedMicroseconds: answer.receivedMicroseconds), take)
            // A trade behind the range ends it; no trade at all is what stands behind the last one.
            if rows.contains(where: { $0.milliseconds.map { $0 >= range.upperBound } ?? false }) { return }
            guard let first = rows.compactMap(Self.sequence).min() else {
                return try await self.expectNone(from: next, piece, venue, segment, wanted, reader)
            }
            emptyPages = inside.isEmpty ? emptyPages + 1 : 0
            guard page.ids.upperBound < Self.idsEnd, first < Self.idsEnd else { return }
            // Where the ids jump, behind the gap.
            next = max(page.ids.upperBound + 1, first)
        }
        throw PieceFailure(
            .permanent,
            "\(venue.title) gave \(Self.emptyPagesMost) answers up to id \(next) without a trade of the range")
    }

    /// Makes sure that no trade of a piece has an id at or behind one of which nothing came, where the venue can tell.
    private func expectNone(
        from next: UInt64, _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted,
        _ reader: AnswerReader
    ) async throws(PieceFailure) {
        let range = piece.rangeMilliseconds
        guard
            let request = venue.lastTradeRequest(
                of: piece.series.symbol, fromMilliseconds: range.lowerBound, beforeMilliseconds: range.upperBound,
                in: segment, wanted: wanted)
        else { return }
        let last = try await self.trades(request, reader).rows.compactMap(Self.sequence).max()
        // Behind the first id of all, the search for it found a trade; now there is none.
        guard let last else {
            guard next > 1 else { return }
            throw PieceFailure(.temporary, "\(venue.title) gave no trade from id \(next) on, and none before the end")
        }
        guard last >= next else { return }
        throw PieceFailure(.temporary, "\(venue.title) gave no trade from id \(next) on, and has them up to \(last)")
    }

    /// The id of the first trade of a piece, or of one behind it; nil where none lies in it.
    private func firstTrade(
        _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted, _ reader: AnswerReader
    ) async throws(PieceFailure) -> UInt64? {
        let (start, end) = (piece.rangeMilliseconds.lowerBound, piece.rangeMilliseconds.upperBound)
        var time = start
        for _ in 0..<Self.emptyWindowsMost {
            guard
                let search = venue.tradeSearchRequest(
                    of: piece.series.symbol, atMilliseconds: time, in: segment, wanted: wanted)
            else { throw PieceFailure(.permanent, "\(venue.title) cannot be asked for trades by time") }
            let rows = try await self.trades(search.request, reader).rows
            switch search.tells {
            case .first:
                // What was put together begins before the id that it bears where single trades are counted.
                if let first = rows.compactMap(Self.firstSequence).min() {
                    guard search.keptMilliseconds != nil else { return first }
                    return try await self.firstKept(first, piece, venue, segment, wanted, reader)
                }
                guard let next = search.endMilliseconds, next > time, next < end else {
                    if let kept = search.keptMilliseconds {
                        try await self.expectKept(kept, piece, venue, segment, wanted, reader)
                    }
                    return nil
                }
                time = next
            case .lastBefore:
                guard let last = rows.compactMap(Self.sequence).max() else {
                    return try Self.firstOfAll(piece, from: start, venue)
                }
                return last < Self.idsEnd ? last + 1 : last
            }
        }
        return nil
    }

    /// Makes sure that the first trade that is served is the first of a piece: the one before it is served, and lies before.
    private func firstKept(
        _ found: UInt64, _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted,
        _ reader: AnswerReader
    ) async throws(PieceFailure) -> UInt64 {
        var first = found
        // Of one millisecond, any may have been found.
        for _ in 0..<Self.stepsBackMost {
            guard first > 1 else { return first }
            guard let time = try await self.time(of: first - 1, piece, venue, segment, wanted, reader) else {
                throw PieceFailure(
                    .permanent,
                    "\(venue.title) serves trade \(first), not the one before it: older ones are not served there")
            }
            guard time >= piece.rangeMilliseconds.lowerBound else { return first }
            first -= 1
        }
        throw PieceFailure(.temporary, "\(venue.title) found trade \(found), which is not the first of its time")
    }

    /// Makes sure that no trade of a piece was found because there was none, and not because it is served no more: one before
    /// it is served, or the first of all.
    ///
    /// - Parameter kept: How long trades are served for certain, milliseconds.
    private func expectKept(
        _ kept: Int64, _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted,
        _ reader: AnswerReader
    ) async throws(PieceFailure) {
        let range = piece.rangeMilliseconds
        let listed = piece.instrument.listedMicroseconds?.flooredMilliseconds ?? 0
        let now = self.wallMicroseconds().flooredMilliseconds
        guard listed < range.upperBound, max(listed, range.lowerBound) < now - kept else { return }
        if let request = venue.lastTradeRequest(
            of: piece.series.symbol, fromMilliseconds: min(max(listed, 0), range.lowerBound - 1),
            beforeMilliseconds: range.lowerBound, in: segment, wanted: wanted),
            try await !self.trades(request, reader).rows.isEmpty
        {
            return
        }
        guard let time = try await self.time(of: 1, piece, venue, segment, wanted, reader) else {
            throw PieceFailure(
                .permanent,
                "\(venue.title) serves no trade before \(Self.text(range.upperBound)): older ones are not served there")
        }
        guard time >= range.upperBound else {
            throw PieceFailure(.temporary, "\(venue.title) found no trade from the range's start on, and has trade 1")
        }
    }

    /// When the trade of an id was, milliseconds; nil where it is not served.
    private func time(
        of id: UInt64, _ piece: HistoryPiece, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted,
        _ reader: AnswerReader
    ) async throws(PieceFailure) -> Int64? {
        guard let page = venue.tradeRequest(of: piece.series.symbol, ids: id...id, in: segment, wanted: wanted) else {
            throw PieceFailure(.permanent, "\(venue.title) cannot be asked for trades by id")
        }
        return try await self.trades(page.request, reader).rows.first { Self.sequence($0) == id }?.milliseconds
    }

    /// The first id of all, where no trade lies before a piece because the instrument was not listed before.
    private static func firstOfAll(
        _ piece: HistoryPiece, from start: Int64, _ venue: any Venue
    ) throws(PieceFailure) -> UInt64 {
        let (earliest, overflow) = start.subtractingReportingOverflow(HistoryPlanner.dayMilliseconds)
        guard !overflow, let listed = piece.instrument.listedMicroseconds, listed.flooredMilliseconds >= earliest
        else {
            throw PieceFailure(
                .permanent,
                "\(venue.title) serves no trade before \(Self.text(start)): where the range's ids begin is not known")
        }
        return 1
    }

    /// All trades of an answer.
    private func trades(
        _ request: VenueRequest, _ reader: AnswerReader
    ) async throws(PieceFailure) -> HistoryPage {
        try await self.answer(to: request) { (body) throws(PieceFailure) in
            let received = self.wallMicroseconds()
            let rows = try reader.rows(body, to: .trades, received)
            return HistoryPage(bytes: body, rows: rows, scales: reader.scales, receivedMicroseconds: received)
        }
    }

    /// `2026-10-01T12:30:15Z`
    private static func text(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(milliseconds) ms" }
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func firstSequence(_ row: HistoryRow) -> UInt64? {
        guard case .trade(let trade) = row else { return nil }
        return trade.firstSequence
    }

    private static func sequence(_ row: HistoryRow) -> UInt64? {
        guard case .trade(let trade) = row else { return nil }
        return trade.sequence
    }

    // MARK: - Both

    /// Asks, and reads the answer; one that cannot be read is asked for again, since the next may be whole.
    private func answer(
        to request: VenueRequest, _ read: ([UInt8]) throws(PieceFailure) -> HistoryPage
    ) async throws(PieceFailure) -> HistoryPage {
        var tries = 1
        while true {
            do throws(PieceFailure) {
                return try read(try await self.body(request))
            } catch {
                guard error.kind == .unreadable, tries < Self.triesMost else { throw error }
                tries += 1
            }
        }
    }

    private func body(_ request: VenueRequest) async throws(PieceFailure) -> [UInt8] {
        do throws(RequestFailure) {
            return try await self.ask(request)
        } catch {
            throw PieceFailure(error)
        }
    }

    private static func hand(
        _ page: HistoryPage, _ take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(PieceFailure) {
        guard !page.rows.isEmpty else { return }
        do throws(HistoryOutputError) {
            try await take(page)
        } catch {
            throw PieceFailure(error)
        }
    }
}

extension HistoryRow {
    /// Its time, milliseconds since 1970.
    package var milliseconds: Int64? { self.time.microseconds?.flooredMilliseconds }
}
