internal import Transport

extension SimulatedSymbol {
    /// Bitcoin and ether; on Binance's spot and USD-M also a name that is not ASCII.
    ///
    /// - Parameter now: Wall time that the options' expiries are counted from, milliseconds.
    package static func standard(
        _ segment: MarketSegment, at now: Int64 = LoopClock.wallMicroseconds() / 1000
    ) -> [Self] {
        switch segment {
        case .spot:
            [
                Self("BTCUSDT", base: "BTC", quote: "USDT", priceDecimals: 2, sizeDecimals: 5, startTicks: 6_173_763),
                Self("ETHUSDT", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 4, startTicks: 268_380),
                Self("币安人生USDT", base: "币安人生", quote: "USDT", priceDecimals: 4, sizeDecimals: 1, startTicks: 1_935),
            ]
        case .usdm:
            [
                Self("BTCUSDT", base: "BTC", quote: "USDT", priceDecimals: 1, sizeDecimals: 3, startTicks: 618_003),
                Self("ETHUSDT", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 3, startTicks: 268_162),
                Self("币安人生USDT", base: "币安人生", quote: "USDT", priceDecimals: 5, sizeDecimals: 0, startTicks: 19_350),
            ]
        case .coinm:
            [
                Self(
                    "BTCUSD_PERP", base: "BTC", quote: "USD", priceDecimals: 1, sizeDecimals: 0, startTicks: 618_047,
                    contractSize: 100),
                Self(
                    "ETHUSD_PERP", base: "ETH", quote: "USD", priceDecimals: 2, sizeDecimals: 0, startTicks: 268_217,
                    contractSize: 10),
            ]
        case .okxSpot:
            [
                Self("BTC-USDT", base: "BTC", quote: "USDT", priceDecimals: 1, sizeDecimals: 8, startTicks: 617_391),
                Self("ETH-USDT", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 6, startTicks: 268_355),
            ]
        case .okxSwap:
            [
                Self(
                    "BTC-USDT-SWAP", base: "BTC", quote: "USDT", priceDecimals: 1, sizeDecimals: 2, startTicks: 617_904
                )
                .worth("0.01"),
                Self(
                    "ETH-USDT-SWAP", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 2, startTicks: 268_140
                )
                .worth("0.1"),
                Self(
                    "BTC-USD-SWAP", base: "BTC", quote: "USD", priceDecimals: 1, sizeDecimals: 0, startTicks: 617_955,
                    contractSize: 100
                ).worth("100"),
            ]
        case .deribitPerpetual:
            [
                Self(
                    "BTC-PERPETUAL", base: "BTC", quote: "USD", priceDecimals: 1, sizeDecimals: 0, startTicks: 617_985,
                    contractSize: 10
                ).stepping(price: 5, size: 10),
                Self(
                    "ETH-PERPETUAL", base: "ETH", quote: "USD", priceDecimals: 2, sizeDecimals: 0, startTicks: 268_235,
                    contractSize: 1
                ).stepping(price: 5, size: 1),
            ]
        case .deribitOption: Self.options(at: now)
        }
    }

    /// `count` instruments: the standard ones, then invented names.
    package static func many(_ count: Int, _ segment: MarketSegment) -> [Self] {
        let standard = Self.standard(segment)
        let invented = (standard.count..<max(count, standard.count)).map { Self.invented("SIM\($0)", segment, $0) }
        return Array((standard + invented).prefix(count))
    }

    /// An instrument that no venue has, named after an invented coin; those of odd numbers settle funding every four hours.
    package static func invented(_ base: String, _ segment: MarketSegment, _ number: Int = 0) -> Self {
        let start = 20_000 + Int64(number) * 37
        func made(_ symbol: String, _ quote: String, sizeDecimals: Int, contractSize: Int? = nil) -> Self {
            var symbol = Self(
                symbol, base: base, quote: quote, priceDecimals: 3, sizeDecimals: sizeDecimals, startTicks: start,
                contractSize: contractSize)
            if number % 2 == 1 { symbol.fundingPeriod = .seconds(4 * 3600) }
            return symbol
        }
        return switch segment {
        case .spot, .usdm: made("\(base)USDT", "USDT", sizeDecimals: 2)
        case .coinm: made("\(base)USD_PERP", "USD", sizeDecimals: 0, contractSize: 10)
        case .okxSpot: made("\(base)-USDT", "USDT", sizeDecimals: 2)
        case .okxSwap: made("\(base)-USDT-SWAP", "USDT", sizeDecimals: 0).worth("10")
        case .deribitPerpetual: made("\(base)-PERPETUAL", "USD", sizeDecimals: 0, contractSize: 1)
        case .deribitOption:
            Self.option(
                base, strike: 50 + Int64(number), isCall: true,
                expiresAt: ExpiryDate.nextFriday(after: LoopClock.wallMicroseconds() / 1000), underlying: 60)
        }
    }

    /// Two strikes, calls and puts, of the Friday that is at least two days away and of one three months later.
    static func options(at now: Int64) -> [Self] {
        let near = ExpiryDate.nextFriday(after: now + 2 * ExpiryDate.day)
        let far = near + 91 * ExpiryDate.day
        var options: [Self] = []
        for (base, underlying, strikes) in [
            ("BTC", Int64(61_798), [60_000, 64_000] as [Int64]), ("ETH", 2_682, [2_600, 2_800]),
        ] {
            for expiry in [near, far] {
                for strike in strikes {
                    for isCall in [true, false] {
                        options.append(
                            Self.option(base, strike: strike, isCall: isCall, expiresAt: expiry, underlying: underlying)
                        )
                    }
                }
            }
        }
        return options
    }

    static func option(
        _ base: String, strike: Int64, isCall: Bool, expiresAt: Int64, underlying: Int64
    ) -> Self {
        // Three percent of time value over what it is worth now, in ten-thousandths of the base.
        let inner = max(isCall ? underlying - strike : strike - underlying, 0)
        let worth = 300 + inner * 10_000 / max(underlying, 1)
        var option = Self(
            "\(base)-\(ExpiryDate.name(expiresAt))-\(strike)-\(isCall ? "C" : "P")", base: base, quote: base,
            priceDecimals: 4, sizeDecimals: base == "BTC" ? 1 : 0, startTicks: worth / 5 * 5
        ).stepping(price: 5, size: 1)
        option.option = SimulatedOption(strike: strike, isCall: isCall, expiresAt: expiresAt, underlying: underlying)
        return option
    }

    private func worth(_ value: String) -> Self {
        var copy = self
        copy.contractValue = value
        return copy
    }

    private func stepping(price: Int64, size: Int64) -> Self {
        var copy = self
        copy.priceStep = price
        copy.sizeStep = size
        return copy
    }
}
