package import MarketModel

/// One subscribed stream: what its frames are and of which instrument.
package struct BinanceStream: Sendable {
    package enum Kind: Sendable {
        case depth, trade, aggregateTrade, bookTicker
    }

    package let instrument: InstrumentID
    package let kind: Kind
    /// The venue's symbol as frames repeat it.
    package let symbol: [UInt8]

    package init(instrument: InstrumentID, kind: Kind, symbol: String) {
        self.instrument = instrument
        self.kind = kind
        self.symbol = Array(symbol.utf8)
    }

    /// Tells the kind of a stream by its name, with the symbol in upper case, or nil for a stream of all symbols; nil
    /// for a stream that is not collected.
    package static func parse(name: String) -> (symbol: String?, kind: Kind)? {
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
        default: return nil
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
