package import MarketModel

/// Prices, rates and bars beside trades and books.
extension JSONMessageEncoder {
    package func encode(_ price: MarkPrice, number: UInt64, to writer: inout ByteWriter) {
        Self.times(number, price.eventTime, price.sentTime, price.receivedMicroseconds, &writer)
        writer.text(",\"mark\":")
        writer.quoted(price.mark)
        writer.text(",\"index\":")
        writer.quoted(price.index)
        writer.text(",\"open\":")
        writer.quoted(price.open)
        writer.text(",\"high\":")
        writer.quoted(price.high)
        writer.text(",\"low\":")
        writer.quoted(price.low)
        writer.text(",\"resolution_us\":")
        Self.duration(price.resolutionMicroseconds, &writer)
        Self.backfilled(price.isBackfilled, &writer)
    }

    package func encode(_ rate: FundingRate, number: UInt64, to writer: inout ByteWriter) {
        Self.times(number, rate.eventTime, rate.sentTime, rate.receivedMicroseconds, &writer)
        writer.text(",\"rate\":")
        writer.quoted(rate.rate)
        writer.text(",\"settled_rate\":")
        writer.quoted(rate.settledRate)
        switch rate.accrual {
        case .periodic: writer.text(",\"accrual\":\"periodic\"")
        case .continuous: writer.text(",\"accrual\":\"continuous\"")
        }
        writer.text(",\"interval_us\":")
        Self.duration(rate.intervalMicroseconds, &writer)
        writer.text(",\"funding_us\":")
        writer.time(rate.fundingTime)
        Self.backfilled(rate.isBackfilled, &writer)
    }

    package func encode(_ interest: OpenInterest, number: UInt64, unit: SizeUnit, to writer: inout ByteWriter) {
        Self.times(number, interest.eventTime, .none, interest.receivedMicroseconds, &writer)
        writer.text(",\"amount\":")
        writer.quoted(interest.amount)
        Self.unit(unit, &writer)
        writer.text(",\"base_amount\":")
        writer.quoted(interest.baseAmount)
        writer.text(",\"value_usd\":")
        writer.quoted(interest.valueUSD)
        Self.backfilled(interest.isBackfilled, &writer)
    }

    package func encode(
        _ liquidation: Liquidation, id: UnsafeRawBufferPointer, number: UInt64, unit: SizeUnit,
        to writer: inout ByteWriter
    ) {
        Self.times(
            number, liquidation.eventTime, liquidation.sentTime, liquidation.receivedMicroseconds, &writer)
        writer.text(",\"id\":")
        if id.isEmpty {
            writer.text("null")
        } else {
            writer.byte(UInt8(ascii: "\""))
            writer.bytes(id)
            writer.byte(UInt8(ascii: "\""))
        }
        writer.text(liquidation.position == .long ? ",\"position\":\"long\"" : ",\"position\":\"short\"")
        writer.text(",\"price\":")
        writer.quoted(liquidation.price)
        switch liquidation.priceKind {
        case .average: writer.text(",\"price_kind\":\"average\"")
        case .bankruptcy: writer.text(",\"price_kind\":\"bankruptcy\"")
        case .trade: writer.text(",\"price_kind\":\"trade\"")
        }
        writer.text(",\"size\":")
        writer.quoted(liquidation.size)
        Self.unit(unit, &writer)
        writer.text(liquidation.isSampled ? ",\"sampled\":true}" : ",\"sampled\":false}")
    }

    package func encode(_ ratio: LongShortRatio, number: UInt64, to writer: inout ByteWriter) {
        Self.times(number, ratio.eventTime, .none, ratio.receivedMicroseconds, &writer)
        writer.text(",\"ratio\":")
        writer.quoted(ratio.ratio)
        writer.text(",\"long\":")
        writer.quoted(ratio.long)
        writer.text(",\"short\":")
        writer.quoted(ratio.short)
        writer.text(",\"period_us\":")
        Self.duration(ratio.periodMicroseconds, &writer)
        Self.backfilled(ratio.isBackfilled, &writer)
    }

    package func encode(_ index: VolatilityIndex, number: UInt64, to writer: inout ByteWriter) {
        Self.times(number, index.eventTime, .none, index.receivedMicroseconds, &writer)
        writer.text(",\"open\":")
        writer.quoted(index.open)
        writer.text(",\"high\":")
        writer.quoted(index.high)
        writer.text(",\"low\":")
        writer.quoted(index.low)
        writer.text(",\"close\":")
        writer.quoted(index.close)
        writer.text(",\"resolution_us\":")
        Self.duration(index.resolutionMicroseconds, &writer)
        Self.backfilled(index.isBackfilled, &writer)
    }

    package func encode(
        _ bar: Kline, numbers: KlineNumbers, frame: Span<UInt8>, number: UInt64, to writer: inout ByteWriter
    ) {
        Self.times(number, bar.eventTime, bar.sentTime, bar.receivedMicroseconds, &writer)
        writer.text(",\"interval\":\"")
        writer.token(bar.interval.rawValue)
        writer.text("\",\"open_us\":")
        writer.time(bar.openTime)
        writer.text(",\"open\":")
        writer.quoted(numbers.open, of: frame)
        writer.text(",\"high\":")
        writer.quoted(numbers.high, of: frame)
        writer.text(",\"low\":")
        writer.quoted(numbers.low, of: frame)
        writer.text(",\"close\":")
        writer.quoted(numbers.close, of: frame)
        writer.text(",\"base_volume\":")
        writer.quoted(numbers.baseVolume, of: frame)
        writer.text(",\"quote_volume\":")
        writer.quoted(numbers.quoteVolume, of: frame)
        writer.text(",\"contract_volume\":")
        writer.quoted(numbers.contractVolume, of: frame)
        writer.text(",\"trade_count\":")
        if bar.tradeCount >= 0 { writer.decimal(bar.tradeCount, scale: 0) } else { writer.text("null") }
        writer.text(bar.isClosed ? ",\"closed\":true" : ",\"closed\":false")
        writer.text(bar.isConfirmed ? ",\"confirmed\":true" : ",\"confirmed\":false")
        Self.backfilled(bar.isBackfilled, &writer)
    }

    /// Writes whether it was asked for later, and ends the message.
    @inline(__always)
    private static func backfilled(_ isBackfilled: Bool, _ writer: inout ByteWriter) {
        writer.text(isBackfilled ? ",\"backfilled\":true}" : ",\"backfilled\":false}")
    }

    /// Writes microseconds, or `null` for a length that is not known.
    private static func duration(_ microseconds: Int64, _ writer: inout ByteWriter) {
        if microseconds > 0 { writer.decimal(microseconds, scale: 0) } else { writer.text("null") }
    }
}
