import MarketModel
import Venues

/// An event as text, its numbers as the venue would write them: two are the same when they say the same.
struct DecodedEvent: Equatable, CustomStringConvertible {
    let name: String
    /// In the order of the event's properties.
    let fields: [String: String]
    let description: String
    /// The kind of data it is; nil for what no venue sends.
    let type: DataType?

    /// - Parameters:
    ///   - scales: By instrument.
    ///   - bytes: Of the frame that the event came of.
    init(_ event: MarketEvent, _ levels: [Level], _ scales: [InstrumentID: DecimalScales], _ bytes: [UInt8]) {
        let event = Mirror(reflecting: event).children.first.map { ($0.label ?? "", $0.value, Self.type(of: event)) }
        let (name, payload, type) = event ?? ("", (), nil)
        self.name = name
        self.type = type
        let members = Mirror(reflecting: payload).children.filter { $0.label != "receivedMicroseconds" }
        let instrument = members.first { $0.label == "instrument" }?.value as? InstrumentID
        let scale = instrument.flatMap { scales[$0] } ?? DecimalScales()
        let fields = members.map { member in
            (member.label ?? "", Self.text(member.value, member.label ?? "", levels, scale, bytes))
        }
        self.fields = Dictionary(fields, uniquingKeysWith: { first, _ in first })
        self.description = ([name] + fields.map { "\($0.0)=\($0.1)" }).joined(separator: " ")
    }

    /// Whether it says what another does, or less, and nothing else.
    func saysNoMore(than other: DecodedEvent) -> Bool {
        guard self.name == other.name else { return false }
        return self.fields.allSatisfy { name, value in
            value == other.fields[name] || value == "-" || (value == "0" && Self.zeroIsNothing.contains(name))
        }
    }

    /// Numbers of which zero says that the venue gave none.
    private static let zeroIsNothing: Set<String> = [
        "sequence", "firstSequence", "intervalMicroseconds", "tradeCount", "checksum",
    ]

    private static func text(
        _ value: Any, _ name: String, _ levels: [Level], _ scale: DecimalScales, _ bytes: [UInt8]
    ) -> String {
        func level(_ level: Level) -> String {
            guard level.price != 0 else { return "-" }
            return "\(FixedPoint.text(level.price, scale: scale.price))x"
                + FixedPoint.text(level.size, scale: scale.size)
        }
        switch value {
        case let id as InstrumentID: return "\(id.index)"
        case let time as Timestamp: return time.microseconds.map { "\($0)" } ?? "-"
        case let number as DecimalValue: return number.text ?? "-"
        case let text as FrameText:
            guard text.count > 0 else { return "-" }
            return String(decoding: bytes[Int(text.offset)..<Int(text.offset + text.count)], as: UTF8.self)
        case let one as Level: return level(one)
        case let run as LevelBuffer.Run: return "[" + levels[run.indices].map(level).joined(separator: ",") + "]"
        case let checksum as BookChecksum: return "\(checksum.value)"
        case let mantissa as Int64 where name == "price": return FixedPoint.text(mantissa, scale: scale.price)
        case let mantissa as Int64 where name == "size": return FixedPoint.text(mantissa, scale: scale.size)
        default: return "\(value)"
        }
    }

    private static func type(of event: MarketEvent) -> DataType? {
        switch event {
        case .trade: .trade
        case .depth, .orderBook, .orderBookDelta: .orderbook
        case .bestBidOffer: .bbo
        case .markPrice: .markPrice
        case .fundingRate: .fundingRate
        case .openInterest: .openInterest
        case .liquidation: .liquidation
        case .longShortRatio(let ratio):
            switch ratio.kind {
            case .topPosition: .topPositionRatio
            case .topAccount: .topAccountRatio
            case .allAccount: .allAccountRatio
            }
        case .volatilityIndex: .volatilityIndex
        case .kline: .kline
        case .instrument: .instrument
        case .status, .heartbeat: nil
        }
    }
}
