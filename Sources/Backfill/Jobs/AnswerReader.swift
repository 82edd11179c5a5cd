package import MarketModel
package import Venues

/// Reads answers about one instrument of the past.
///
/// Has a decoder of its own, whose scales widen as in a connection's. One task at a time.
package final class AnswerReader {
    private static let instrument = InstrumentID(0)

    private let decoder: VenueDecoder
    private var batch = EventBatch()
    /// Of the prices and sizes of what was read last.
    package private(set) var scales: DecimalScales

    package init(_ instrument: Instrument, _ venue: any Venue, _ segment: VenueSegment, _ wanted: Wanted) {
        self.decoder = venue.makeDecoder(for: segment, wanted: wanted)
        self.scales = instrument.scales
        for stream in venue.streams(of: instrument.venueSymbol, in: segment, wanted: wanted) {
            _ = self.decoder.addStream(stream, of: Self.instrument)
        }
        self.decoder.addInstrument(instrument.venueSymbol, Self.instrument)
        self.decoder.setScales(self.scales, of: Self.instrument)
    }

    /// Gives the rows of an answer whose time lies in a range, in the answer's order.
    package func page(
        _ body: [UInt8], to question: VenueQuestion, in rangeMilliseconds: Range<Int64>, receivedMicroseconds: Int64
    ) throws(PieceFailure) -> HistoryPage {
        let rows = try self.rows(body, to: question, receivedMicroseconds)
        return HistoryPage(
            bytes: body,
            rows: rows.filter { row in row.milliseconds.map { rangeMilliseconds.contains($0) } ?? false },
            scales: self.scales, receivedMicroseconds: receivedMicroseconds)
    }

    /// Gives all rows of an answer.
    package func rows(
        _ body: [UInt8], to question: VenueQuestion, _ receivedMicroseconds: Int64
    ) throws(PieceFailure) -> [HistoryRow] {
        for _ in 0...Int(2 * FixedPoint.scaleMax) {
            self.batch.removeAll()
            do throws(FrameRefusal) {
                try self.decode(body, to: question, receivedMicroseconds)
                return self.batch.events.compactMap(HistoryRow.init)
            } catch {
                guard case .needsScale(_, let wider) = error else {
                    throw PieceFailure(.unreadable, "the answer cannot be read: \(error)")
                }
                self.scales = DecimalScales(
                    price: max(wider.price, self.scales.price), size: max(wider.size, self.scales.size))
                self.decoder.setScales(self.scales, of: Self.instrument)
            }
        }
        throw PieceFailure(.permanent, "the answer's numbers have more digits than can be kept")
    }

    private func decode(
        _ body: [UInt8], to question: VenueQuestion, _ receivedMicroseconds: Int64
    ) throws(FrameRefusal) {
        let result = body.withUnsafeBytes { bytes in
            Result { () throws(FrameRefusal) in
                try self.decoder.decodeAnswer(
                    Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds), to: question,
                    of: Self.instrument, into: &self.batch)
            }
        }
        try result.get()
    }
}

extension Int64 {
    /// Milliseconds of microseconds, towards the past.
    var flooredMilliseconds: Int64 { self >= 0 ? self / 1_000 : -((999 - self) / 1_000) }
}
