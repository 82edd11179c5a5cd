package import MarketModel

/// Files of https://data.binance.vision, by days and by months of UTC.
///
/// Source: https://github.com/binance/binance-public-data (README and issues, read 2026-10).
extension Binance {
    package var archiveAddress: String? { "https://data.binance.vision" }

    package func hasArchives(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> Bool {
        self.archiveTable(of: kind, in: segment, wanted) != nil
    }

    package func archives(
        of kind: HistoryKind, instrument: Instrument, rangeMilliseconds: Range<Int64>, nowMilliseconds: Int64,
        in segment: VenueSegment, wanted: Wanted
    ) -> [ArchiveLocation] {
        guard let table = self.archiveTable(of: kind, in: segment, wanted) else { return [] }
        let range = rangeMilliseconds.clamped(to: Self.archivesStart..<Self.timeMax)
        let listed = (instrument.listedMicroseconds ?? 0) / 1_000
        var found: [ArchiveLocation] = []
        func add(_ span: VenueArchive.Span, _ day: CalendarDay, _ rows: Range<Int64>) {
            guard !rows.isEmpty, rows.upperBound > listed else { return }
            let path = table.path(of: instrument.venueSymbol, span, day)
            found.append(
                .named(
                    VenueArchive(
                        segment: segment.id, symbol: instrument.venueSymbol, kind: kind, span: span,
                        rangeMilliseconds: rows, path: path, checksumPath: path + ".CHECKSUM")))
        }
        if table.isFigures {
            Self.addFigures(in: range, nowMilliseconds) { add(.day, $0, $1) }
            return found
        }
        // Where a part of a day is enough, the first and the last need not lie inside of the range.
        let beside = CalendarDay.milliseconds - 1
        var day = CalendarDay(number: (range.lowerBound + (table.isAlone ? 0 : beside)) / CalendarDay.milliseconds)
        let end = CalendarDay(number: (range.upperBound + (table.isAlone ? beside : 0)) / CalendarDay.milliseconds)
        while day < end {
            let nextMonth = day.firstOfNextMonth
            if day.day == 1, day.startMilliseconds >= range.lowerBound,
                nextMonth.startMilliseconds <= range.upperBound, table.hasMonth(of: day),
                Self.hasMonth(before: nextMonth, nowMilliseconds)
            {
                add(.month, day, day.startMilliseconds..<nextMonth.startMilliseconds)
                day = nextMonth
            } else if table.hasDays {
                guard Self.hasDay(day, nowMilliseconds) else { break }
                add(.day, day, Self.rows(of: day).clamped(to: range))
                day = day.next
            } else {
                day = nextMonth
            }
        }
        return found
    }

    package func makeArchiveDecoder(
        for archive: VenueArchive, instrument: InstrumentID
    ) -> (any ArchiveDecoder)? {
        guard let section = BinanceSegment(rawValue: archive.segment.name), archive.segment.venue == Self.id,
            let table = BinanceArchiveTable(archive.kind, section, singleTrades: archive.path.contains("/trades/"))
        else { return nil }
        return BinanceArchiveDecoder(table, section, symbol: archive.symbol, instrument)
    }

    // MARK: - Private

    private func archiveTable(
        of kind: HistoryKind, in segment: VenueSegment, _ wanted: Wanted
    ) -> BinanceArchiveTable? {
        guard segment.offer(of: kind.type).isOffered else { return nil }
        return BinanceArchiveTable(
            kind, BinanceSegment(of: segment), singleTrades: wanted.options["trade_stream"] != "aggTrade")
    }

    /// July 2017: nothing is older.
    private static let archivesStart: Int64 = 1_498_867_200_000

    /// Months are put together on the first Monday of the next one, which is its seventh day at the latest.
    private static func hasMonth(before next: CalendarDay, _ now: Int64) -> Bool {
        now >= next.startMilliseconds + 7 * CalendarDay.milliseconds
    }

    /// Days appear in the course of the next one.
    private static func hasDay(_ day: CalendarDay, _ now: Int64) -> Bool {
        now >= day.startMilliseconds + 2 * CalendarDay.milliseconds
    }

    private static func rows(of day: CalendarDay) -> Range<Int64> {
        day.startMilliseconds..<day.next.startMilliseconds
    }

    /// Days of figures are small, and requests give the last thirty days alone: parts of a day are taken too.
    private static func addFigures(
        in range: Range<Int64>, _ now: Int64, _ add: (CalendarDay, Range<Int64>) -> Void
    ) {
        guard !range.isEmpty else { return }
        // The first midnight may be the last row of the day before.
        var day = CalendarDay(number: max(0, range.lowerBound / CalendarDay.milliseconds - 1))
        while day.startMilliseconds < range.upperBound, Self.hasDay(day, now) {
            add(day, Self.figureRows(of: day).clamped(to: range))
            day = day.next
        }
    }

    /// Periods of five minutes bore the time of their end until 2026-06-24, so that the last row of a day was the midnight
    /// behind it, and bear that of their start since (binance-public-data issue 491, 2026-08-24). Times are left as the
    /// venue gives them, as requests do; of the two rows with the midnight in between, the later file's is taken.
    private static func figureRows(of day: CalendarDay) -> Range<Int64> {
        guard day.number < Self.relabelled else { return Self.rows(of: day) }
        let end = day.next.startMilliseconds
        return (day.startMilliseconds + Self.period)..<(day.number + 1 == Self.relabelled ? end : end + Self.period)
    }

    private static let period: Int64 = 300_000
    /// 2026-06-25 in days since 1970.
    private static let relabelled: Int64 = 20_629
}
