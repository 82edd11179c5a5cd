package import MarketModel

/// One subscribed stream: what its frames are and of which instrument.
package struct BinanceStream: Sendable {
    /// One byte, the length of a bar included.
    package enum Kind: Hashable, Sendable {
        case depth, trade, aggregateTrade, bookTicker
        /// A mark price with the funding rate.
        case markPrice
        case liquidation
        case kline(KlineInterval)
        /// Changes of the list of contracts, of the whole section.
        case contractInfo
    }

    package let instrument: InstrumentID
    package let kind: Kind
    /// The venue's symbol as frames repeat it.
    package let symbol: [UInt8]
    /// What is wanted of it: matters for a stream that brings several kinds of data.
    package let types: [DataType]

    package init(instrument: InstrumentID, kind: Kind, symbol: String, types: [DataType]) {
        self.instrument = instrument
        self.kind = kind
        self.symbol = Array(symbol.utf8)
        self.types = types
    }

    static let contractInfo = "!contractInfo"
    static let klinePrefix = "kline_"

    /// Tells the kind of a stream by its name, with the symbol in upper case, or nil for a stream of all symbols; nil
    /// for a stream that is not collected.
    package static func parse(name: String) -> (symbol: String?, kind: Kind)? {
        if name == Self.contractInfo { return (nil, .contractInfo) }
        guard let at = name.firstIndex(of: "@") else { return nil }
        // Only ASCII letters have two cases in a symbol: names such as 币安 stand as they are.
        let symbol = String(decoding: name[..<at].utf8.map(Self.uppercased), as: UTF8.self)
        let channel = name[name.index(after: at)...]
        guard !symbol.isEmpty else { return nil }
        switch channel {
        case "depth", "depth@0ms", "depth@100ms", "depth@250ms", "depth@500ms", "depth@1000ms": return (symbol, .depth)
        case "trade": return (symbol, .trade)
        case "aggTrade": return (symbol, .aggregateTrade)
        case "bookTicker": return (symbol, .bookTicker)
        case "markPrice", "markPrice@1s": return (symbol, .markPrice)
        case "forceOrder": return (symbol, .liquidation)
        default:
            guard channel.hasPrefix(Self.klinePrefix) else { return nil }
            return KlineInterval(rawValue: String(channel.dropFirst(Self.klinePrefix.count))).map {
                (symbol, .kline($0))
            }
        }
    }

    /// Gives a symbol as stream names carry it: ASCII letters in lower case, everything else as it is.
    package static func lowercased(_ symbol: String) -> String {
        String(decoding: symbol.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    private static func uppercased(_ byte: UInt8) -> UInt8 {
        (97...122).contains(byte) ? byte - 32 : byte
    }
}
