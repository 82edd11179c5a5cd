package import MarketModel

/// Why a decoder refused a frame. Counted by kind; the frame is lost to nobody but itself.
package enum FrameRefusal: Error {
    case json(JSONError)
    /// A stream nobody asked for, or an instrument nobody knows.
    case unknownStream
    /// An event of a kind that is not collected.
    case unknownEvent
    /// A field that drives state is missing or of the wrong type.
    case missingField
    /// The frame speaks of another symbol or market than its stream.
    case mismatch
    /// More levels or events than a frame may bring, or an answer that tells that it was cut.
    case tooLarge
    /// A value that does not fit 64 bits at the instrument's scale.
    case valueTooLarge(InstrumentID)
    /// A value has more digits than the instrument's scale: widen the scales to these and decode again.
    case needsScale(InstrumentID, DecimalScales)
    /// A print that is no trade of the market: insurance fund, auto-deleveraging.
    case notMarket

    /// The label it is counted under.
    package var label: String {
        switch self {
        case .json: "json"
        case .unknownStream: "unknown_stream"
        case .unknownEvent: "unknown_event"
        case .missingField: "missing_field"
        case .mismatch: "mismatch"
        case .tooLarge: "too_large"
        case .valueTooLarge: "value_too_large"
        case .needsScale: "needs_scale"
        case .notMarket: "not_market"
        }
    }

    /// Every label, in a fixed order, so that refusals are counted in a plain array.
    package static let labels = [
        "json", "unknown_stream", "unknown_event", "missing_field", "mismatch", "too_large", "value_too_large",
        "needs_scale", "not_market",
    ]

    package var ordinal: Int {
        switch self {
        case .json: 0
        case .unknownStream: 1
        case .unknownEvent: 2
        case .missingField: 3
        case .mismatch: 4
        case .tooLarge: 5
        case .valueTooLarge: 6
        case .needsScale: 7
        case .notMarket: 8
        }
    }
}
