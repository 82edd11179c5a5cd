import FoundationEssentials
package import MarketModel

/// Recordings of OKX: one connection for all types of instruments.
package struct OKXRecording: VenueRecording {
    private struct Argument: Decodable {
        let channel: String?
        let instId: String?
        let instType: String?

        /// As `OKXChannel.name(of:)` puts it, whether the channel is collected or not.
        var name: String? {
            guard let channel = self.channel, let subject = self.instId ?? self.instType else { return nil }
            return "\(channel):\(subject)"
        }
    }

    private struct Message: Decodable {
        let op: String?
        let args: [Argument]?
        let arg: Argument?
    }

    /// The venue's words for types of instruments that are no section of ours.
    private static let futures = "futures"
    private static let option = "option"

    package init() {}

    package var venue: VenueID { OKX.id }

    package func streamsAsked(by request: [UInt8]) -> [String] {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(request)), message.op == "subscribe"
        else { return [] }
        return (message.args ?? []).compactMap(\.name)
    }

    package func streamName(of frame: Frame) -> String? {
        (try? JSONDecoder().decode(Message.self, from: Data(frame.bytes)))?.arg?.name
    }

    package func stream(named name: String, in sections: [VenueSegment]) -> RecordedStream? {
        guard let (channel, subject) = OKXChannel.parse(name: name) else { return nil }
        if channel.isOfSection {
            let kind = OKXSegment.allCases.first { $0.instrumentType == subject }
            let section = sections.first { $0.id == kind?.id }
            return section.map { RecordedStream(section: $0, instrument: nil) }
        }
        // An index's prices belong to the swap that is named after it.
        let symbol = channel == .indexTickers ? "\(subject)-SWAP" : subject
        let kind = Self.kind(of: symbol)
        guard let section = sections.first(where: { $0.id == kind.id }),
            let instrument = self.instrument(of: symbol, in: section)
        else { return nil }
        return RecordedStream(section: section, instrument: instrument)
    }

    /// Dated futures and options are read as swaps are, and keep the venue's words for their types.
    package func instrument(of symbol: String, in section: VenueSegment) -> Instrument? {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let base = String(parts[0])
        // `BTC-USD_UM-SWAP` is margined in dollars, and linear.
        let quote = String(parts[1].prefix { $0 != "_" })
        let kind = OKXSegment(of: section)
        guard kind == Self.kind(of: symbol) else { return nil }
        let name: String
        let market: Market
        switch (parts.count, parts.last) {
        case (2, _): (name, market) = (kind.rawValue, .spot)
        case (3, "SWAP"): (name, market) = (kind.rawValue, .perpetual)
        case (3, _): (name, market) = (Self.futures, .future)
        case (5, "C"), (5, "P"): (name, market) = (Self.option, .option)
        default: return nil
        }
        let isInverse = parts[1] == "USD"
        var instrument = Instrument(
            venue: OKX.id, segment: name, market: market,
            symbol: market == .perpetual ? parts.dropLast().joined(separator: "-") : symbol, venueSymbol: symbol,
            base: base, quote: quote, contract: market == .spot ? .spot : isInverse ? .inverse : .linear,
            unit: kind.sizeUnit)
        if market == .option {
            instrument.strike = String(parts[3])
            instrument.optionType = parts[4] == "C" ? .call : .put
        }
        return instrument
    }

    /// The section that reads a symbol: all contracts are read alike.
    private static func kind(of symbol: String) -> OKXSegment {
        symbol.split(separator: "-", omittingEmptySubsequences: false).count == 2 ? .spot : .swap
    }
}
