import MarketModel

extension FundingRate {
    /// A rate that was charged at a time, which is the time of the event.
    init(charged rate: DecimalValue, at time: Timestamp, of instrument: InstrumentID, receivedMicroseconds: Int64) {
        self.init(
            instrument: instrument, rate: rate, settledRate: rate, fundingTime: time, eventTime: time,
            receivedMicroseconds: receivedMicroseconds)
        self.isBackfilled = true
    }
}
