import Backfill
import MarketModel
import Testing
import Venues

/// Deribit's normal hosts serve recent trades only, and count an instrument's trades from 1 without a gap.
extension TradePieceTests {
    /// Answers as Deribit does, with the trades from an id on.
    private static func answers(
        _ rows: [Row], from kept: UInt64 = 1, hiding hidden: ClosedRange<UInt64>? = nil
    ) -> @Sendable (String) -> String {
        { path in
            var found = rows.filter { $0.id >= kept }
            if let from = Self.number("start_seq", in: path), let to = Self.number("end_seq", in: path) {
                found = found.filter { (from...to).contains(Int64($0.id)) && !(hidden?.contains($0.id) ?? false) }
            }
            if let from = Self.number("start_timestamp", in: path), let to = Self.number("end_timestamp", in: path) {
                found = found.filter { (from...to).contains($0.time) }
            }
            if path.contains("sorting=desc") { found.reverse() }
            let texts = found.prefix(Int(Self.number("count", in: path) ?? 10)).map {
                #"{"trade_seq":\#($0.id),"trade_id":"\#($0.id)","timestamp":\#($0.time),"price":8950.0,"instrument_name":"BTC-PERPETUAL","direction":"sell","amount":10.0}"#
            }
            return #"{"jsonrpc":"2.0","result":{"trades":[\#(texts.joined(separator: ","))],"has_more":false}}"#
        }
    }

    private static func deribit(
        _ rows: [Row], from kept: UInt64 = 1, hiding hidden: ClosedRange<UInt64>? = nil, listed: Int64? = nil,
        now: Int64 = Self.end + 40 * 86_400_000
    ) async throws -> Outcome {
        try await Self.fetch(
            DeribitSegment.perpetual.id, "BTC-PERPETUAL", listed: listed, now: now,
            Self.answers(rows, from: kept, hiding: hidden))
    }

    /// One a minute of which the 11th is the first of the range.
    private static let rows = (1...30).map { Row(id: $0, time: Self.start + (Int64($0) - 11) * 60_000) }

    @Test("Deribit's trades of a range are whole where the one before the first is served")
    func deribitWhole() async throws {
        let outcome = try await Self.deribit(Self.rows, from: 10)
        #expect(outcome.failure == nil && outcome.ids == Array(11...30))
    }

    @Test("Deribit's trades that begin with the first of all are whole")
    func deribitFirstOfAll() async throws {
        let rows = (1...5).map { Row(id: $0, time: Self.start + Int64($0)) }
        let outcome = try await Self.deribit(rows)
        #expect(outcome.failure == nil && outcome.ids == [1, 2, 3, 4, 5])
    }

    @Test(
        "Deribit's trades that begin late, because older ones are served no more, are a failure", arguments: [11, 20])
    func deribitLate(kept: UInt64) async throws {
        let outcome = try await Self.deribit(Self.rows, from: kept)
        #expect(outcome.failure?.kind == .permanent && outcome.ids.isEmpty)
        #expect(
            outcome.failure?.description
                == "Deribit serves trade \(kept), not the one before it: older ones are not served there")
    }

    @Test("Of Deribit's trades of one millisecond, the search may find any")
    func deribitSameTime() async throws {
        let rows = [Row(id: 7, time: Self.start - 1)] + (8...9).map { Row(id: $0, time: Self.start) }
        let answer = Self.answers(rows)
        let later = Self.answers([rows[2]])
        let outcome = try await Self.fetch(DeribitSegment.perpetual.id, "BTC-PERPETUAL") { path in
            path.contains("sorting=asc") && path.contains("start_timestamp")
                ? later(path) : answer(path)
        }
        #expect(outcome.failure == nil && outcome.ids == [8, 9])
    }

    @Test("A range without Deribit's trades is done only where older ones are served, or there can be none")
    func deribitNone() async throws {
        let day: Int64 = 86_400_000
        let before = [Row(id: 5, time: Self.start - 50 * day)]
        let after = (5...6).map { Row(id: $0, time: Self.end + 35 * day + Int64($0)) }
        #expect(try await Self.deribit(before).failure == nil)
        // The first of all is behind the range.
        #expect(try await Self.deribit([Row(id: 1, time: Self.end + 35 * day)]).failure == nil)
        #expect(try await Self.deribit([], listed: Self.end).failure == nil)
        #expect(try await Self.deribit([], now: Self.start + day).failure == nil)
        for rows in [after, []] {
            let outcome = try await Self.deribit(rows)
            #expect(outcome.failure?.kind == .permanent)
            #expect(
                outcome.failure?.description
                    == "Deribit serves no trade before 2026-10-02T00:00:00Z: older ones are not served there")
        }
    }

    @Test("An empty page ends Deribit's trades only where the last before the end was served")
    func deribitEmptyPage() async throws {
        let rows = (1...2_500).map { Row(id: $0, time: Self.start + Int64($0)) }
        let whole = try await Self.deribit(rows)
        #expect(whole.failure == nil && whole.ids.count == 2_500)
        let cut = try await Self.deribit(rows, hiding: 1_001...2_500)
        #expect(cut.failure?.kind == .temporary && cut.ids.count == 1_000)
        #expect(cut.failure?.description == "Deribit gave no trade from id 1001 on, and has them up to 2500")
    }
}
