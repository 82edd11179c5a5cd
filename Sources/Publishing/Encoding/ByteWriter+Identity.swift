import MarketModel

/// Ids that a stream tells duplicates by: the venue's time and what the message says, never our clock.
///
/// Two collectors give one message of the venue one id, and two messages that differ never share one, even if the venue
/// gives both the same time. `false` says that the venue's time is missing, and that nothing was written.
extension ByteWriter {
    /// The most bytes that an id made here takes, the venue's own aside.
    static let identityBytesMax = 8 * FixedPoint.textBytesMax

    /// `<time>:<mark>:<index>`, of a bar `<resolution>:<opening>:<open>:<high>:<low>:<mark>:<index>`
    mutating func identity(of price: MarkPrice) -> Bool {
        guard price.resolutionMicroseconds == 0 else { return self.identity(ofBar: price) }
        guard self.moment(price.eventTime, price.sentTime) else { return false }
        self.part(price.mark)
        self.part(price.index)
        return true
    }

    private mutating func identity(ofBar price: MarkPrice) -> Bool {
        guard let opening = price.eventTime.microseconds else { return false }
        self.decimal(price.resolutionMicroseconds, scale: 0)
        self.byte(UInt8(ascii: ":"))
        self.decimal(opening, scale: 0)
        self.part(price.open)
        self.part(price.high)
        self.part(price.low)
        self.part(price.mark)
        self.part(price.index)
        return true
    }

    /// `<time>:<funding time>:<rate>:<settled rate>`
    ///
    /// The funding time alone would not do: a rate that goes from one value to another and back would be taken for its
    /// own duplicate.
    mutating func identity(of rate: FundingRate) -> Bool {
        guard self.moment(rate.eventTime, rate.sentTime) else { return false }
        self.byte(UInt8(ascii: ":"))
        _ = self.moment(rate.fundingTime)
        self.part(rate.rate)
        self.part(rate.settledRate)
        return true
    }

    /// `<time>:<amount>:<base amount>:<value>`
    mutating func identity(of interest: OpenInterest) -> Bool {
        guard self.moment(interest.eventTime) else { return false }
        self.part(interest.amount)
        self.part(interest.baseAmount)
        self.part(interest.valueUSD)
        return true
    }

    /// `<venue's id>:<position>`, since one trade may liquidate both of its sides, or
    /// `<time>:<position>:<price>:<size>:<ordinal>`.
    mutating func identity(of liquidation: Liquidation, id: UnsafeRawBufferPointer) -> Bool {
        guard id.isEmpty else {
            self.bytes(id)
            self.text(liquidation.position == .long ? ":long" : ":short")
            return true
        }
        guard self.moment(liquidation.eventTime, liquidation.sentTime) else { return false }
        self.text(liquidation.position == .long ? ":long" : ":short")
        self.part(liquidation.price)
        self.part(liquidation.size)
        self.byte(UInt8(ascii: ":"))
        self.unsigned(UInt64(liquidation.ordinal))
        return true
    }

    /// `<period>:<time>:<ratio>:<long>:<short>`
    mutating func identity(of ratio: LongShortRatio) -> Bool {
        guard let time = ratio.eventTime.microseconds else { return false }
        self.decimal(ratio.periodMicroseconds, scale: 0)
        self.byte(UInt8(ascii: ":"))
        self.decimal(time, scale: 0)
        self.part(ratio.ratio)
        self.part(ratio.long)
        self.part(ratio.short)
        return true
    }

    /// `tick:<time>:<value>` or `<resolution>:<opening>:<open>:<high>:<low>:<close>`
    mutating func identity(of index: VolatilityIndex) -> Bool {
        guard let time = index.eventTime.microseconds else { return false }
        let isTick = index.resolutionMicroseconds == 0
        if isTick { self.text("tick") } else { self.decimal(index.resolutionMicroseconds, scale: 0) }
        self.byte(UInt8(ascii: ":"))
        self.decimal(time, scale: 0)
        if !isTick {
            self.part(index.open)
            self.part(index.high)
            self.part(index.low)
        }
        self.part(index.close)
        return true
    }

    /// `<interval>:<opening>:<confirmed, closed, the venue's time, or open>:<hash of the numbers>`
    mutating func identity(of bar: Kline, digest: UInt64) -> Bool {
        guard let opening = bar.openTime.microseconds else { return false }
        self.token(bar.interval.rawValue)
        self.byte(UInt8(ascii: ":"))
        self.decimal(opening, scale: 0)
        self.byte(UInt8(ascii: ":"))
        if bar.isConfirmed {
            self.text("confirmed")
        } else if bar.isClosed {
            self.text("closed")
        } else if !self.moment(bar.eventTime, bar.sentTime) {
            // It only ever grows: equal numbers are one state of it.
            self.text("open")
        }
        self.byte(UInt8(ascii: ":"))
        self.hexadecimal(digest)
        return true
    }

    // MARK: - Parts

    /// Writes the first of the two times that is given; false when none is.
    private mutating func moment(_ time: Timestamp, _ other: Timestamp = .none) -> Bool {
        guard let microseconds = time.microseconds ?? other.microseconds else { return false }
        self.decimal(microseconds, scale: 0)
        return true
    }

    /// Writes a colon and the number, if there is one.
    private mutating func part(_ value: DecimalValue) {
        self.byte(UInt8(ascii: ":"))
        self.decimal(value)
    }

    private mutating func hexadecimal(_ value: UInt64) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value &>> shift) & 0xF
            self.byte(digit < 10 ? 48 &+ digit : 87 &+ digit)
        }
    }
}
