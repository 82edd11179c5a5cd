internal import Transport

extension ExchangeCore {
    /// The instruments of a segment and its limits, as the venue lists them.
    func exchangeInfo(_ segment: MarketSegment) -> [UInt8] {
        var text: [UInt8] = []
        text.write("{\"timezone\":\"UTC\",\"serverTime\":")
        text.write(LoopClock.wallMicroseconds() / 1000)
        text.write(
            ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":"
        )
        text.write(segment == .spot ? self.spotWeight.limit : self.futuresWeight.limit)
        text.write("}],\"exchangeFilters\":[],\"symbols\":[")
        for (index, symbol) in self.symbols(of: segment).enumerated() {
            if index > 0 { text.write(",") }
            self.describe(symbol, segment, into: &text)
        }
        text.write("]}")
        return text
    }

    private func describe(_ symbol: SimulatedSymbol, _ segment: MarketSegment, into text: inout [UInt8]) {
        text.write("{\"symbol\":")
        text.write(quoted: symbol.symbol)
        if segment.isFutures {
            text.write(",\"pair\":")
            text.write(quoted: symbol.pair)
            text.write(",\"contractType\":\"PERPETUAL\",\"deliveryDate\":4133404800000,\"onboardDate\":1569398400000")
        }
        text.write(segment == .coinm ? ",\"contractStatus\":" : ",\"status\":")
        text.write(quoted: symbol.status)
        text.write(",\"baseAsset\":")
        text.write(quoted: symbol.base)
        text.write(",\"quoteAsset\":")
        text.write(quoted: symbol.quote)
        if segment.isFutures {
            text.write(",\"marginAsset\":")
            text.write(quoted: segment == .coinm ? symbol.base : symbol.quote)
            text.write(",\"pricePrecision\":")
            text.write(symbol.priceDecimals)
            text.write(",\"quantityPrecision\":")
            text.write(symbol.sizeDecimals)
        }
        if let contractSize = symbol.contractSize {
            text.write(",\"contractSize\":")
            text.write(contractSize)
        }
        let width = segment == .spot ? 8 : 0
        text.write(",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"minPrice\":")
        text.write(units: 1, decimals: symbol.priceDecimals, width: width)
        text.write(",\"maxPrice\":\"1000000\",\"tickSize\":")
        text.write(units: 1, decimals: symbol.priceDecimals, width: width)
        text.write("},{\"filterType\":\"LOT_SIZE\",\"minQty\":")
        text.write(units: 1, decimals: symbol.sizeDecimals, width: width)
        text.write(",\"maxQty\":\"9000000\",\"stepSize\":")
        text.write(units: 1, decimals: symbol.sizeDecimals, width: width)
        switch segment {
        case .spot: text.write("},{\"filterType\":\"NOTIONAL\",\"minNotional\":\"5.00000000\"}]}")
        case .usdm: text.write("},{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"}]}")
        default: text.write("}]}")
        }
    }
}
