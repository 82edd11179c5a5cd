package import MarketModel

/// What the venue last said of figures that it is asked for again and again, so that each is passed on once.
///
/// A ratio that is measured every five minutes and asked for every minute would be told five times.
package struct RepeatedAnswers: Sendable {
    private enum Series: Hashable {
        case ratio(InstrumentID, LongShortRatio.Kind)
        case volatility(InstrumentID, Int64)
        case openInterest(InstrumentID)
    }

    private struct Newest {
        var time: Int64
        var value: DecimalValue
        /// When the answer was received that said it, and what answers before that one said.
        var received: Int64
        var former: (time: Int64, value: DecimalValue)?
    }

    /// A few series an instrument.
    private var newest: [Series: Newest] = [:]
    package private(set) var repeats: UInt64 = 0

    package init() {}

    package mutating func take(_ ratio: LongShortRatio) -> Bool {
        self.take(.ratio(ratio.instrument, ratio.kind), ratio.eventTime, ratio.ratio, ratio.receivedMicroseconds)
    }

    package mutating func take(_ interest: OpenInterest) -> Bool {
        self.take(
            .openInterest(interest.instrument), interest.eventTime, interest.amount, interest.receivedMicroseconds)
    }

    /// Bars come once; a value as it stands always does.
    package mutating func take(_ index: VolatilityIndex) -> Bool {
        guard index.resolutionMicroseconds > 0 else { return true }
        return self.take(
            .volatility(index.instrument, index.resolutionMicroseconds), index.eventTime, index.close,
            index.receivedMicroseconds)
    }

    /// Whether it is later than what former answers said, or says another value of the same time.
    ///
    /// An answer may hold many, in either order: what it says itself keeps none of the rest out.
    private mutating func take(
        _ series: Series, _ time: Timestamp, _ value: DecimalValue, _ received: Int64
    ) -> Bool {
        guard let time = time.microseconds else { return true }
        guard var newest = self.newest[series] else {
            self.newest[series] = Newest(time: time, value: value, received: received)
            return true
        }
        if newest.received != received {
            newest.former = (newest.time, newest.value)
            newest.received = received
        }
        if let former = newest.former, time < former.time || (time == former.time && value == former.value) {
            self.repeats &+= 1
            return false
        }
        if time >= newest.time {
            newest.time = time
            newest.value = value
        }
        self.newest[series] = newest
        return true
    }
}
