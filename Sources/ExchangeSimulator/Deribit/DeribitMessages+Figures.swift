extension DeribitMessages {
    /// Fraction digits of mark and index prices.
    private var fineDecimals: Int { self.symbol.priceDecimals + 2 }
    private var indexDecimals: Int { self.symbol.option == nil ? self.fineDecimals : 2 }
    private var indexName: String { "\(self.symbol.base.lowercased())_usd" }

    /// What a channel of figures has as its data.
    func writeFigures(_ figures: MarketFigures, _ topic: StreamTopic, _ now: Int64, into text: inout [UInt8]) {
        switch topic.kind {
        case .funding:
            text.write("{\"interest\":")
            text.write(shortest: figures.fundingRate, decimals: 8, keepsPoint: true)
            self.writeIndexPrice(figures, into: &text)
            text.write(",\"timestamp\":\(now)}")
        case .indexPrice:
            text.write("{\"timestamp\":\(now),\"price\":")
            text.write(shortest: figures.index, decimals: self.indexDecimals, keepsPoint: true)
            text.write(",\"index_name\":\"\(self.indexName)\"}")
        case .volatilityIndex:
            text.write("{\"volatility\":")
            text.write(shortest: figures.volatility, decimals: 2, keepsPoint: true)
            text.write(",\"timestamp\":\(now),\"index_name\":\"\(self.indexName)\"}")
        default:
            text.write("{")
            self.writeState(figures, now, into: &text)
            text.write("}")
        }
    }

    /// The fields that a ticker and the answer with a book share.
    func writeState(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        let day = figures.day
        text.write("\"timestamp\":\(now),\"stats\":{\"volume\":")
        self.writeVolume(day, into: &text)
        if self.symbol.option == nil {
            text.write(",\"volume_usd\":")
            self.writeCost(day, into: &text)
        }
        text.write(",\"price_change\":0.0312,\"low\":")
        self.writePrice(day.low, into: &text)
        text.write(",\"high\":")
        self.writePrice(day.high, into: &text)
        text.write("},\"state\":\"open\",\"settlement_price\":")
        self.writePrice(day.open, into: &text)
        text.write(",\"open_interest\":")
        self.writeSize(figures.openInterest, into: &text)
        text.write(",\"min_price\":")
        self.writePrice(max(day.low / 2, 1), into: &text)
        text.write(",\"max_price\":")
        self.writePrice(day.high * 2, into: &text)
        text.write(",\"mark_price\":")
        text.write(shortest: figures.mark, decimals: self.fineDecimals, keepsPoint: true)
        text.write(",\"last_price\":")
        self.writePrice(figures.last?.print.price ?? day.close, into: &text)
        self.writeName(into: &text)
        self.writeIndexPrice(figures, into: &text)
        text.write(",\"estimated_delivery_price\":")
        text.write(shortest: figures.index, decimals: self.indexDecimals, keepsPoint: true)
        self.writeBest(figures.best, into: &text)
        if self.symbol.option != nil {
            text.write(
                ",\"underlying_price\":61803.61,\"underlying_index\":\"SYN\",\"mark_iv\":52.74,\"bid_iv\":51.2,"
                    + "\"ask_iv\":54.1,\"interest_rate\":0.0,\"greeks\":{\"vega\":0.20072,\"theta\":-1.64029,"
                    + "\"rho\":0.01188,\"gamma\":0.0002,\"delta\":0.03127}")
        } else {
            text.write(",\"current_funding\":")
            text.write(shortest: figures.fundingRate, decimals: 8, keepsPoint: true)
            text.write(",\"funding_8h\":")
            text.write(shortest: figures.settledRate, decimals: 8, keepsPoint: true)
        }
    }

    private func writeIndexPrice(_ figures: MarketFigures, into text: inout [UInt8]) {
        text.write(",\"index_price\":")
        text.write(shortest: figures.index, decimals: self.indexDecimals, keepsPoint: true)
    }
}
