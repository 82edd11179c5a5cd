internal import MarketModel

extension HistoryRow {
    /// Moves its texts by so many bytes; false where it has none.
    mutating func move(by offset: Int) -> Bool {
        switch self {
        case .trade(var trade):
            trade.id.move(by: offset)
            self = .trade(trade)
            return true
        case .kline(var kline):
            kline.open.move(by: offset)
            kline.high.move(by: offset)
            kline.low.move(by: offset)
            kline.close.move(by: offset)
            kline.baseVolume.move(by: offset)
            kline.quoteVolume.move(by: offset)
            kline.contractVolume.move(by: offset)
            self = .kline(kline)
            return true
        case .bestBidOffer, .fundingRate, .openInterest, .longShortRatio, .markPrice, .volatilityIndex:
            return false
        }
    }
}

extension FrameText {
    /// What is empty stands nowhere.
    fileprivate mutating func move(by offset: Int) {
        guard self.count > 0 else { return }
        self = FrameText(offset: Int(self.offset) + offset, count: Int(self.count))
    }
}
