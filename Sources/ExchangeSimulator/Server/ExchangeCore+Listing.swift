internal import Transport

extension ExchangeCore {
    private static let listedMax = 10_000

    /// Lists an instrument, or lists a delisted one again; false where it is listed or its name is none of the venue's.
    func list(_ name: String, in segment: MarketSegment) -> Bool {
        guard self.player == nil, !self.isListed(name, in: segment) else { return false }
        if let market = self.generated[segment]?[name] {
            market.isDelisted = false
            self.setStatus("TRADING", of: name, in: segment)
        } else {
            guard self.symbols(of: segment).count < Self.listedMax,
                var symbol = SimulatedSymbol.named(name, segment)
            else { return false }
            symbol.listedAt = LoopClock.wallMicroseconds() / 1000
            self.makeMarket(segment, symbol)
        }
        self.tellListing(of: name, in: segment)
        return true
    }

    /// Ends an instrument: its streams fall silent, and its venue says so where it does.
    func delist(_ name: String, in segment: MarketSegment) -> Bool {
        guard self.player == nil, self.isListed(name, in: segment), let market = self.generated[segment]?[name] else {
            return false
        }
        market.isDelisted = true
        self.setStatus(segment == .spot ? "BREAK" : "SETTLING", of: name, in: segment)
        self.tellListing(of: name, in: segment)
        return true
    }

    private func tellListing(of name: String, in segment: MarketSegment) {
        guard let symbol = self.symbols(of: segment).first(where: { $0.symbol == name }) else { return }
        let now = LoopClock.wallMicroseconds() / 1000
        var text: [UInt8] = []
        switch segment {
        case .spot: return
        case .usdm, .coinm:
            BinanceMessages(segment: segment, symbol: symbol).contractInfo(milliseconds: now, into: &text)
            // Since 2026-06 both hosts tell of both families.
            for host in [MarketSegment.usdm, .coinm] { self.listingChannel("!contractInfo", host)?.publish(text) }
        case .okxSpot, .okxSwap:
            let name = segment == .okxSpot ? "instruments:SPOT" : "instruments:SWAP"
            guard let channel = self.listingChannel(name, segment) else { return }
            text.append(contentsOf: channel.topic.prefix)
            text.write(",\"data\":[")
            OKXMessages(segment: segment, symbol: symbol).writeInstrument(into: &text)
            text.write("]}")
            channel.publish(text)
        case .deribitPerpetual, .deribitOption: self.tellDeribitListing(symbol, now)
        }
    }

    private func tellDeribitListing(_ symbol: SimulatedSymbol, _ now: Int64) {
        let kinds = [symbol.option == nil ? "future" : "option", "any"]
        for event in symbol.isDelisted ? ["state"] : ["state", "creation"] {
            for (kind, currency) in kinds.flatMap({ kind in [symbol.base, "any"].map { (kind, $0) } }) {
                let name = "instrument.\(event).\(kind).\(currency)"
                guard let channel = self.listingChannel(name, .deribitPerpetual) else { continue }
                var text = channel.topic.prefix
                text.write("{\"timestamp\":\(now),\"state\":\"\(symbol.isDelisted ? "inactive" : "open")\"")
                text.write(",\"instrument_name\":")
                text.write(quoted: symbol.symbol)
                text.write("}}}")
                channel.publish(text)
            }
        }
    }
}
