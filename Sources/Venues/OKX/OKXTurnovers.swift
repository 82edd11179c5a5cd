import FoundationEssentials
package import MarketModel

/// Reads OKX's tickers for what was traded in a day, in the quote asset: to choose the largest by.
package enum OKXTurnovers {
    /// Turnover by the venue's symbol, exact as far as 18 digits go; entries without it are left out.
    package static func parse(
        _ json: [UInt8], segment: OKXSegment
    ) throws(UnreadableAnswer) -> [String: DecimalValue] {
        let list: OKXList<Entry>
        do {
            list = try JSONDecoder().decode(OKXList<Entry>.self, from: Data(json))
        } catch {
            throw UnreadableAnswer("tickers of \(segment.rawValue): \(error)")
        }
        guard list.code == "0", let data = list.data else {
            throw UnreadableAnswer("tickers of \(segment.rawValue): code \(list.code)")
        }
        var turnovers: [String: DecimalValue] = [:]
        for case let entry? in data.map(\.entry) {
            guard let volume = Self.number(entry.volCcy24h) else { continue }
            switch segment {
            // Spot counts in the quote asset, derivatives in the base asset.
            case .spot: turnovers[entry.instId] = volume
            case .swap: turnovers[entry.instId] = Self.number(entry.last).flatMap { Self.product(volume, $0) }
            }
        }
        return turnovers
    }

    private struct Entry: Decodable {
        let instId: String
        let volCcy24h: String?
        let last: String?
    }

    /// Reads a number not below zero, of whose fraction digits are dropped as many as do not fit.
    private static func number(_ text: String?) -> DecimalValue? {
        guard var text = text.map({ Substring($0) }), text.utf8.count <= 64 else { return nil }
        while !text.isEmpty {
            if let value = DecimalValue(text) { return value.signum < 0 ? nil : value }
            guard text.contains(".") else { return nil }
            text.removeLast()
            if text.last == "." { text.removeLast() }
        }
        return nil
    }

    private static func product(_ left: DecimalValue, _ right: DecimalValue) -> DecimalValue? {
        var mantissa = Int128(left.mantissa) * Int128(right.mantissa)
        var scale = left.scale + right.scale
        while scale > 0, mantissa > Int128(FixedPoint.mantissaMax) || scale > FixedPoint.scaleMax {
            mantissa /= 10
            scale -= 1
        }
        guard let fitting = Int64(exactly: mantissa), fitting <= FixedPoint.mantissaMax else { return nil }
        return DecimalValue(fitting, scale: scale)
    }
}
