package import MarketModel
package import Venues

/// Cuts a series into pieces: archives for whole days and months, REST for the rest, nothing for what is there. Pure.
package struct HistoryPlanner: Sendable {
    /// The next step of a series.
    package struct Step: Hashable, Sendable {
        package var piece: HistoryPiece?
        /// What nobody has, with the reason.
        package var unavailable: Unavailable?
        /// What was passed over because it is complete, milliseconds.
        package var skippedMilliseconds: Int64 = 0
        /// Where the next step begins.
        package var nextMilliseconds: Int64
    }

    package struct Unavailable: Hashable, Sendable {
        package let rangeMilliseconds: Range<Int64>
        package let reason: String
    }

    package static let dayMilliseconds: Int64 = 86_400_000
    /// How far ahead archives are looked for in one step; the longest month fits twice.
    private static let archiveSpan: Int64 = 62 * dayMilliseconds
    /// The longest stretch of a piece over REST.
    private static let restSpan: Int64 = 31 * dayMilliseconds
    /// How much later than its time a row may be served: what is younger is left to live collection.
    private static let settlingMilliseconds: Int64 = 60_000
    /// How long a piece may wait after it was cut: what is served for less than this is not asked for any more.
    private static let agingMilliseconds: Int64 = 600_000
    /// A month has no fixed length; this is its longest.
    private static let longestMonth: Int64 = 31 * dayMilliseconds

    let usesArchives: Bool

    package init(usesArchives: Bool = true) {
        self.usesArchives = usesArchives
    }

    /// Up to where rows of a kind are final, in whole minutes: later ones are not asked for.
    package static func end(of kind: HistoryKind, nowMilliseconds now: Int64) -> Int64 {
        let length = kind.interval.map { ($0.microseconds ?? longestMonth * 1_000) / 1_000 } ?? 0
        let end = now - settlingMilliseconds - length
        return end >= 0 ? end / settlingMilliseconds * settlingMilliseconds : end
    }

    /// Gives the step that begins at the start of a stretch, which must not be empty.
    package func step(
        _ series: HistorySeries, of instrument: Instrument, in rangeMilliseconds: Range<Int64>, covered: TimeRanges,
        nowMilliseconds now: Int64, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted
    ) -> Step {
        guard let gap = covered.missing(in: rangeMilliseconds).first else {
            return Step(
                skippedMilliseconds: rangeMilliseconds.upperBound - rangeMilliseconds.lowerBound,
                nextMilliseconds: rangeMilliseconds.upperBound)
        }
        var step = Step(
            skippedMilliseconds: gap.lowerBound - rangeMilliseconds.lowerBound, nextMilliseconds: gap.upperBound)
        var end = gap.upperBound
        if let archive = self.firstArchive(series, instrument, gap, now, venue, segment, wanted) {
            let range = archive.archive.rangeMilliseconds
            if range.lowerBound <= gap.lowerBound {
                step.piece = HistoryPiece(
                    series, of: instrument, rangeMilliseconds: gap.lowerBound..<min(range.upperBound, gap.upperBound),
                    source: .archive(archive))
                step.nextMilliseconds = min(range.upperBound, gap.upperBound)
                return step
            }
            end = range.lowerBound
        }
        self.cutREST(&step, series, instrument, gap.lowerBound..<end, now, venue, segment, wanted)
        return step
    }

    /// The pieces in place of one whose archive is not there: days for a month, REST for a day; none where nothing is served
    /// over REST. Of one over REST whose beginning is served no more, this and the rest.
    package func pieces(
        insteadOf source: PieceSource, _ series: HistorySeries, of instrument: Instrument,
        in rangeMilliseconds: Range<Int64>, nowMilliseconds now: Int64, _ venue: any Venue, _ segment: VenueSegment,
        _ wanted: Wanted
    ) -> [(range: Range<Int64>, source: PieceSource)] {
        if source == .rest,
            let end = Self.unserved(series, rangeMilliseconds, now, venue, segment, wanted)?.rangeMilliseconds
                .upperBound,
            end < rangeMilliseconds.upperBound
        {
            return [(rangeMilliseconds.lowerBound..<end, .rest), (end..<rangeMilliseconds.upperBound, .rest)]
        }
        guard source == .month else {
            let isServed = venue.historyOffer(of: series.kind, in: segment, wanted: wanted) != nil
            return isServed ? [(rangeMilliseconds, .rest)] : []
        }
        var pieces: [(range: Range<Int64>, source: PieceSource)] = []
        var start = rangeMilliseconds.lowerBound
        while start < rangeMilliseconds.upperBound {
            let end = min(Self.nextDay(start), rangeMilliseconds.upperBound)
            let archive = self.firstArchive(series, instrument, start..<end, now, venue, segment, wanted)
            pieces.append((start..<end, archive?.archive.rangeMilliseconds == start..<end ? .day : .rest))
            start = end
        }
        return pieces
    }

    /// Finds the archive of a piece again.
    package func archive(
        _ series: HistorySeries, of instrument: Instrument, in rangeMilliseconds: Range<Int64>, span: PieceSource,
        nowMilliseconds now: Int64, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted
    ) -> ArchiveLocation? {
        venue.archives(
            of: series.kind, instrument: instrument, rangeMilliseconds: rangeMilliseconds, nowMilliseconds: now,
            in: segment, wanted: wanted
        ).first {
            $0.archive.rangeMilliseconds.lowerBound <= rangeMilliseconds.lowerBound
                && $0.archive.rangeMilliseconds.upperBound >= rangeMilliseconds.upperBound
                && $0.archive.span.rawValue == span.rawValue
        }
    }

    private func firstArchive(
        _ series: HistorySeries, _ instrument: Instrument, _ range: Range<Int64>, _ now: Int64, _ venue: any Venue,
        _ segment: VenueSegment, _ wanted: Wanted
    ) -> ArchiveLocation? {
        guard self.usesArchives else { return nil }
        let end = min(range.upperBound, range.lowerBound &+ Self.archiveSpan)
        guard end > range.lowerBound else { return nil }
        return venue.archives(
            of: series.kind, instrument: instrument, rangeMilliseconds: range.lowerBound..<end, nowMilliseconds: now,
            in: segment, wanted: wanted
        ).first
    }

    /// Why nothing is asked for over REST.
    static func notServed(_ kind: HistoryKind, _ venue: any Venue, _ segment: VenueSegment) -> String {
        "\(venue.title) serves no \(kind) of \(segment.title) over REST"
    }

    private func cutREST(
        _ step: inout Step, _ series: HistorySeries, _ instrument: Instrument, _ range: Range<Int64>, _ now: Int64,
        _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted
    ) {
        step.unavailable = Self.unserved(series, range, now + Self.agingMilliseconds, venue, segment, wanted)
        let start = step.unavailable?.rangeMilliseconds.upperBound ?? range.lowerBound
        guard start < range.upperBound, let offer = venue.historyOffer(of: series.kind, in: segment, wanted: wanted)
        else {
            step.nextMilliseconds = range.upperBound
            return
        }
        let end = min(range.upperBound, Self.restEnd(from: start, series.kind, offer))
        step.nextMilliseconds = end
        step.piece = HistoryPiece(series, of: instrument, rangeMilliseconds: start..<end, source: .rest)
    }

    /// What of the beginning of a stretch is not served over REST, with the reason; nil where all of it is.
    static func unserved(
        _ series: HistorySeries, _ range: Range<Int64>, _ now: Int64, _ venue: any Venue, _ segment: VenueSegment,
        _ wanted: Wanted
    ) -> Unavailable? {
        guard let offer = venue.historyOffer(of: series.kind, in: segment, wanted: wanted) else {
            return Unavailable(
                rangeMilliseconds: range,
                reason: Self.notServed(series.kind, venue, segment))
        }
        guard let retention = offer.retentionMilliseconds, range.lowerBound < now - retention else { return nil }
        return Unavailable(
            rangeMilliseconds: range.lowerBound..<min(range.upperBound, now - retention),
            reason: "\(venue.title) serves \(series.kind) of the last \(retention / Self.dayMilliseconds) days only")
    }

    /// Where a piece over REST ends: as many whole days as one answer holds, but a day at least.
    private static func restEnd(from start: Int64, _ kind: HistoryKind, _ offer: HistoryOffer) -> Int64 {
        let day = Self.nextDay(start)
        guard kind != .trade else { return day }
        let spacing = kind.interval.map { ($0.microseconds ?? Self.longestMonth * 1_000) / 1_000 } ?? 3_600_000
        let (rows, overflow) = spacing.multipliedReportingOverflow(by: Int64(max(1, offer.rowsMost)))
        let answer = min(overflow ? .max : rows, offer.spanMostMilliseconds ?? .max)
        let days = min(answer, Self.restSpan) / Self.dayMilliseconds
        return max(day, day &+ (days - 1) * Self.dayMilliseconds)
    }

    static func nextDay(_ time: Int64) -> Int64 {
        let day = time >= 0 ? time / Self.dayMilliseconds : (time - Self.dayMilliseconds + 1) / Self.dayMilliseconds
        return (day + 1) * Self.dayMilliseconds
    }
}
