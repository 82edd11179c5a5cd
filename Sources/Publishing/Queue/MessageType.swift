/// One kind of published message; its name is the second token of a subject and the envelope's `type`.
///
/// Raw values live in queue records and index counter tables, never on a wire.
package enum MessageType: UInt8, CaseIterable, Sendable {
    case trade
    case orderbook
    case orderbookDelta
    case bbo
    case markPrice
    case fundingRate
    case openInterest
    case liquidation
    case lsrTopPosition
    case lsrTopAccount
    case lsrAllAccount
    case volatilityIndex
    case kline
    case instrument
    case gap
    case status
    case heartbeat

    /// Names the type as subjects and the envelope's `type` do.
    package var token: StaticString {
        switch self {
        case .trade: "trade"
        case .orderbook: "orderbook"
        case .orderbookDelta: "orderbook_delta"
        case .bbo: "bbo"
        case .markPrice: "mark_price"
        case .fundingRate: "funding_rate"
        case .openInterest: "open_interest"
        case .liquidation: "liquidation"
        case .lsrTopPosition: "lsr_top_position"
        case .lsrTopAccount: "lsr_top_account"
        case .lsrAllAccount: "lsr_all_account"
        case .volatilityIndex: "volatility_index"
        case .kline: "kline"
        case .instrument: "instrument"
        case .gap: "gap"
        case .status: "status"
        case .heartbeat: "heartbeat"
        }
    }

    /// The way it is published unless the configuration says otherwise: JetStream costs 25 times a core publish.
    package var defaultMode: PublishMode {
        switch self {
        case .orderbook, .orderbookDelta, .bbo: .core
        case .trade, .markPrice, .fundingRate, .openInterest, .liquidation, .lsrTopPosition, .lsrTopAccount,
            .lsrAllAccount, .volatilityIndex, .kline, .instrument, .gap, .status, .heartbeat:
            .jetstream
        }
    }

    /// Whether a later message says all that an earlier one said, so that a full queue holds it back until there is room.
    package var isConflatable: Bool {
        switch self {
        case .orderbook, .bbo, .markPrice, .instrument, .heartbeat: true
        case .trade, .orderbookDelta, .fundingRate, .openInterest, .liquidation, .lsrTopPosition, .lsrTopAccount,
            .lsrAllAccount, .volatilityIndex, .kline, .gap, .status:
            false
        }
    }
}
