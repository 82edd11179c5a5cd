package import MarketModel

/// Files of https://static.okx.com, whose addresses a list tells: trades, bars of a minute and rates, by days of UTC+8.
///
/// Source: https://www.okx.com/docs-v5/en/ (historical market data, 2026-08-22).
extension OKX {
    package var archiveAddress: String? { "https://static.okx.com" }

    package func hasArchives(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> Bool {
        segment.offer(of: kind.type).isOffered && Self.module(of: kind) != nil
    }

    package func archives(
        of kind: HistoryKind, instrument: Instrument, rangeMilliseconds: Range<Int64>, nowMilliseconds: Int64,
        in segment: VenueSegment, wanted: Wanted
    ) -> [ArchiveLocation] {
        guard self.hasArchives(of: kind, in: segment, wanted: wanted), let module = Self.module(of: kind) else {
            return []
        }
        let range = rangeMilliseconds.clamped(to: Self.archivesStart..<Self.timeMax)
        let length = CalendarDay.milliseconds
        // Their midnight is at 16:00 UTC.
        let first = CalendarDay(number: (range.lowerBound + Self.offset + length - 1) / length)
        let end = CalendarDay(number: (range.upperBound + Self.offset) / length)
        let listed = (instrument.listedMicroseconds ?? 0) / 1_000
        var found: [ArchiveLocation] = []
        var day = first
        while day < end {
            let start = day.startMilliseconds - Self.offset
            // "T+2", which ends with the third day.
            guard nowMilliseconds >= start + 3 * length else { break }
            if start + length > listed {
                found.append(self.location(of: kind, instrument, start..<(start + length), module, in: segment))
            }
            day = day.next
        }
        return found
    }

    private func location(
        of kind: HistoryKind, _ instrument: Instrument, _ rows: Range<Int64>, _ module: Int, in segment: VenueSegment
    ) -> ArchiveLocation {
        let section = OKXSegment(of: segment)
        let subject =
            section == .spot
            ? "instIdList=\(instrument.venueSymbol)" : "instFamilyList=\(Self.family(of: instrument.venueSymbol))"
        // Both bounds lie inside of the day, so that whether they are part of the range makes no difference.
        let path =
            "public/market-data-history?module=\(module)&instType=\(section.instrumentType)&\(subject)"
            + "&dateAggrType=daily&begin=\(rows.lowerBound)&end=\(rows.upperBound - 1)"
        return .listed(
            self.request(segment, path, Self.archiveScope),
            VenueArchive(
                segment: segment.id, symbol: instrument.venueSymbol, kind: kind, span: .day, rangeMilliseconds: rows,
                path: "", checksumPath: nil))
    }

    package func archiveAddress(_ body: [UInt8], of archive: VenueArchive) throws(UnreadableAnswer) -> String? {
        guard let section = OKXSegment(rawValue: archive.segment.name) else { return nil }
        let day = CalendarDay(
            number: max(0, archive.rangeMilliseconds.lowerBound + Self.offset) / CalendarDay.milliseconds)
        return try OKXArchiveList.address(
            body, of: section == .spot ? archive.symbol : Self.family(of: archive.symbol),
            type: section.instrumentType, day: day.text, rows: archive.rangeMilliseconds)
    }

    package func makeArchiveDecoder(
        for archive: VenueArchive, instrument: InstrumentID
    ) -> (any ArchiveDecoder)? {
        guard archive.segment.venue == Self.id, let section = OKXSegment(rawValue: archive.segment.name),
            Self.module(of: archive.kind) != nil
        else { return nil }
        return OKXArchiveDecoder(archive.kind, section, symbol: archive.symbol, instrument)
    }

    // MARK: - Private

    private static let offset: Int64 = 8 * 3_600_000
    /// 2021: nothing is older.
    private static let archivesStart: Int64 = 1_609_459_200_000

    private static func module(of kind: HistoryKind) -> Int? {
        switch kind {
        case .trade: 1
        case .kline(.minute1): 2
        case .fundingRate: 3
        case .bbo, .kline, .openInterest, .ratio, .markPrice, .volatilityIndex: nil
        }
    }

    /// `BTC-USDT` of `BTC-USDT-SWAP`.
    private static func family(of symbol: String) -> String {
        symbol.hasSuffix("-SWAP") ? String(symbol.dropLast(5)) : symbol
    }
}
