import FoundationEssentials
package import MarketModel

/// Reads OKX's lists of instruments, off the frame path.
package enum OKXInstruments {
    /// Gives the instruments of a list, and how many entries were refused; one bad entry refuses only itself.
    package static func parse(
        _ json: [UInt8], segment: OKXSegment
    ) throws(UnreadableAnswer) -> (instruments: [Instrument], refused: Int) {
        let list: OKXList<Entry>
        do {
            list = try JSONDecoder().decode(OKXList<Entry>.self, from: Data(json))
        } catch {
            throw UnreadableAnswer("instruments of \(segment.rawValue): \(error)")
        }
        guard list.code == "0", let data = list.data else {
            throw UnreadableAnswer("instruments of \(segment.rawValue): code \(list.code)")
        }
        // What is there to try things out is no instrument.
        let entries = data.filter { $0.entry?.state != "test" }
        let instruments = entries.compactMap { $0.entry.flatMap { Self.instrument($0, segment) } }
        return (instruments, entries.count - instruments.count)
    }

    private struct Entry: Decodable {
        let instId: String
        let instType: String
        let baseCcy: String?
        let quoteCcy: String?
        let settleCcy: String?
        let uly: String?
        let instFamily: String?
        let state: String?
        let ctType: String?
        let ctVal: String?
        let ctMult: String?
        let tickSz: String?
        let lotSz: String?
        let minSz: String?
        let listTime: String?
        let expTime: String?
    }

    private static func instrument(_ entry: Entry, _ segment: OKXSegment) -> Instrument? {
        guard entry.instType == segment.instrumentType else { return nil }
        var instrument: Instrument
        switch segment {
        case .spot:
            guard let base = Self.given(entry.baseCcy), let quote = Self.given(entry.quoteCcy) else { return nil }
            instrument = Self.plain(entry, segment, "\(base)-\(quote)", base, quote, .spot)
        case .swap:
            guard let contract = Self.contract(entry) else { return nil }
            instrument = contract
        }
        instrument.tickSize = Self.canonical(entry.tickSz)
        instrument.lotSize = Self.canonical(entry.lotSz)
        instrument.minSize = Self.canonical(entry.minSz)
        instrument.listedMicroseconds = Self.microseconds(entry.listTime)
        instrument.expiresMicroseconds = Self.microseconds(entry.expTime)
        return instrument
    }

    /// A perpetual: one contract is `ctVal` times `ctMult`, of the base asset where it is linear, else of the quote one.
    private static func contract(_ entry: Entry) -> Instrument? {
        let suffix = "-SWAP"
        let kind: Instrument.Contract
        switch entry.ctType {
        case "linear": kind = .linear
        case "inverse": kind = .inverse
        default: return nil
        }
        // `BTC-USD_UM-SWAP` shares its underlying with `BTC-USD-SWAP`, and so not its symbol.
        let names = (Self.given(entry.uly) ?? Self.given(entry.instFamily) ?? entry.instId).split(separator: "-")
        guard entry.instId.hasSuffix(suffix), names.count >= 2, let size = Self.product(entry.ctVal, entry.ctMult)
        else { return nil }
        let symbol = String(entry.instId.dropLast(suffix.count))
        guard !symbol.isEmpty else { return nil }
        var instrument = Self.plain(entry, .swap, symbol, String(names[0]), String(names[1]), kind)
        instrument.settle = Self.given(entry.settleCcy)
        instrument.contractSize = size
        instrument.contractSizeUnit = kind == .linear ? .base : .quote
        return instrument
    }

    private static func plain(
        _ entry: Entry, _ segment: OKXSegment, _ symbol: String, _ base: String, _ quote: String,
        _ contract: Instrument.Contract
    ) -> Instrument {
        Instrument(
            venue: OKX.id, segment: segment.rawValue, market: segment == .spot ? .spot : .perpetual, symbol: symbol,
            venueSymbol: entry.instId, base: base, quote: quote, contract: contract,
            status: Self.status(entry.state ?? ""), venueStatus: entry.state ?? "", unit: segment.sizeUnit)
    }

    private static func status(_ word: String) -> Instrument.Status {
        switch word {
        case "live": .trading
        case "preopen": .pending
        case "suspend", "post_only", "rebase": .halted
        case "settling": .settling
        case "expired": .closed
        default: .unknown
        }
    }

    /// The exact product of two numbers above zero.
    private static func product(_ left: String?, _ right: String?) -> String? {
        guard let left = Self.given(left).flatMap({ DecimalValue($0) }), left.signum > 0,
            let right = Self.given(right).flatMap({ DecimalValue($0) }), right.signum > 0
        else { return nil }
        let (mantissa, overflow) = left.mantissa.multipliedReportingOverflow(by: right.mantissa)
        let scale = left.scale + right.scale
        guard !overflow, mantissa <= FixedPoint.mantissaMax, scale <= FixedPoint.scaleMax else { return nil }
        return DecimalValue(mantissa, scale: scale).text
    }

    /// Gives a decimal without trailing zeros; nil for text that is no decimal, or too long to be one.
    private static func canonical(_ text: String?) -> String? { text.flatMap { DecimalValue($0)?.text } }

    private static func microseconds(_ text: String?) -> Int64? {
        text.flatMap { Int64($0) }.flatMap { Timestamp(milliseconds: $0).microseconds }
    }

    /// What a field says; nil for the empty text of one that does not apply.
    private static func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}

/// An answer with a list, whose entries may be anything.
struct OKXList<Entry: Decodable>: Decodable {
    struct Lossy: Decodable {
        let entry: Entry?

        init(from decoder: any Decoder) {
            self.entry = try? Entry(from: decoder)
        }
    }

    let code: String
    let data: [Lossy]?
}
