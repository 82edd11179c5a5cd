import MarketModel

extension DeribitDecoder {
    private static let hourMicroseconds: Int64 = 3_600_000_000

    /// Decodes the funding of whole hours, each told at its end: `[{"timestamp":1785002400000,"interest_1h":-4.7e-7,
    /// "interest_8h":-9.2e-5,"index_price":8222.87,"prev_index_price":8305.72}]`.
    ///
    /// Funding accrues all the time, and no rate of a moment is kept: what was paid over the hour is the rate, over the
    /// hour that ends then, and what the eight hours up to then came to the settled one, as in the ticker. The venue
    /// computes them in floating point, in up to 17 digits that may start far behind the point: what stands behind the
    /// 18th is cut off. Rows come in no order that is promised.
    static func decodeFundingHistory(
        _ reader: inout JSONReader, of instrument: InstrumentID, _ received: Int64, into batch: inout EventBatch
    ) throws(FrameRefusal) {
        var isElement: Bool
        do throws(JSONError) {
            isElement = try reader.beginArray()
        } catch {
            throw .json(error)
        }
        var rates: [FundingRate] = []
        while isElement {
            guard rates.count < EventBatch.limit else { throw .tooLarge }
            var time = Timestamp.none
            var hour: Range<Int>?
            var eightHours: Range<Int>?
            do throws(JSONError) {
                var isMember = try reader.beginObject()
                while isMember {
                    let key = try reader.key()
                    if reader.isText(key, "timestamp") {
                        time = try reader.milliseconds()
                    } else if reader.isText(key, "interest_1h") {
                        hour = try reader.number()
                    } else if reader.isText(key, "interest_8h") {
                        eightHours = try reader.number()
                    } else {
                        try reader.skipValue()
                    }
                    isMember = try reader.nextMember()
                }
                isElement = try reader.nextElement()
            } catch {
                throw .json(error)
            }
            guard let hour, let eightHours, time != .none else { throw .missingField }
            var rate = FundingRate(
                charged: try Self.cut(reader.bytes, hour, instrument), at: time, of: instrument,
                receivedMicroseconds: received)
            rate.settledRate = try Self.cut(reader.bytes, eightHours, instrument)
            rate.accrual = .continuous
            rate.intervalMicroseconds = Self.hourMicroseconds
            rates.append(rate)
        }
        rates.sort { ($0.fundingTime.microseconds ?? 0) < ($1.fundingTime.microseconds ?? 0) }
        for rate in rates {
            guard batch.append(.fundingRate(rate)) else { throw .tooLarge }
        }
    }

    private static func cut(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ instrument: InstrumentID
    ) throws(FrameRefusal) -> DecimalValue {
        do throws(DecimalTextError) {
            return try DecimalValue(cutting: bytes, at: range)
        } catch {
            throw .valueTooLarge(instrument)
        }
    }
}
