/// The paths of Binance's REST, behind whatever host the configuration names.
package enum BinanceEndpoints {
    /// The path of the list of instruments.
    package static func instruments(_ segment: BinanceSegment) -> String {
        switch segment {
        case .spot: "/api/v3/exchangeInfo"
        case .usdm: "/fapi/v1/exchangeInfo"
        case .coinm: "/dapi/v1/exchangeInfo"
        }
    }

    /// The path and query of a depth snapshot.
    package static func depth(_ segment: BinanceSegment, symbol: String, limit: Int) -> String {
        let path =
            switch segment {
            case .spot: "/api/v3/depth"
            case .usdm: "/fapi/v1/depth"
            case .coinm: "/dapi/v1/depth"
            }
        return "\(path)?symbol=\(Self.percentEncoded(symbol))&limit=\(limit)"
    }

    /// Symbols may hold any UTF-8 since 2025-10.
    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { out, byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out.append("%")
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}
