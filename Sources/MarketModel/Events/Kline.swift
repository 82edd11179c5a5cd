/// A bar of trades: open, high, low, close and volumes of an interval.
///
/// Its numbers stand in the frame: a month's volume at eight digits does not fit 64 bits. A decoder takes only what
/// `DecimalParts` can read.
public struct Kline: Sendable {
    public var instrument: InstrumentID
    public var interval: KlineInterval
    public var openTime: Timestamp
    public var open: FrameText
    public var high: FrameText
    public var low: FrameText
    public var close: FrameText
    /// Volumes by what they count; empty where the venue does not give one.
    public var baseVolume: FrameText
    public var quoteVolume: FrameText
    public var contractVolume: FrameText
    /// Trades in it; -1 where the venue does not say.
    public var tradeCount: Int64
    /// Whether it is final.
    public var isClosed: Bool
    /// Whether it was asked for over REST after its end.
    public var isConfirmed: Bool
    /// Whether it ended while nothing came of its stream, so that its last frame was missed.
    public var isBackfilled = false
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, interval: KlineInterval, openTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.interval = interval
        self.openTime = openTime
        self.open = .empty
        self.high = .empty
        self.low = .empty
        self.close = .empty
        self.baseVolume = .empty
        self.quoteVolume = .empty
        self.contractVolume = .empty
        self.tradeCount = -1
        self.isClosed = false
        self.isConfirmed = false
        self.eventTime = .none
        self.sentTime = .none
        self.receivedMicroseconds = receivedMicroseconds
    }
}

/// The length of a bar; bars of six hours and more open at midnight UTC and its multiples.
public enum KlineInterval: String, Sendable, CaseIterable {
    case second1 = "1s"
    case minute1 = "1m"
    case minute3 = "3m"
    case minute5 = "5m"
    case minute10 = "10m"
    case minute15 = "15m"
    case minute30 = "30m"
    case hour1 = "1h"
    case hour2 = "2h"
    case hour3 = "3h"
    case hour4 = "4h"
    case hour6 = "6h"
    case hour8 = "8h"
    case hour12 = "12h"
    case day1 = "1d"
    case day3 = "3d"
    case week1 = "1w"
    case month1 = "1M"

    /// Its length in microseconds; nil for a month, which has none.
    public var microseconds: Int64? {
        let minute: Int64 = 60_000_000
        return switch self {
        case .second1: 1_000_000
        case .minute1: minute
        case .minute3: 3 * minute
        case .minute5: 5 * minute
        case .minute10: 10 * minute
        case .minute15: 15 * minute
        case .minute30: 30 * minute
        case .hour1: 60 * minute
        case .hour2: 120 * minute
        case .hour3: 180 * minute
        case .hour4: 240 * minute
        case .hour6: 360 * minute
        case .hour8: 480 * minute
        case .hour12: 720 * minute
        case .day1: 1_440 * minute
        case .day3: 3 * 1_440 * minute
        case .week1: 7 * 1_440 * minute
        case .month1: nil
        }
    }

    /// Whether a bar that is over and opened then ended in a stretch of time, microseconds since 1970; of a month, which
    /// has 28 to 31 days, whether it may have.
    public func ended(barOpenedAt opened: Int64, in stretch: ClosedRange<Int64>) -> Bool {
        let day: Int64 = 86_400_000_000
        let (earliest, overflow) = opened.addingReportingOverflow(self.microseconds ?? 28 * day)
        let (latest, isFar) = opened.addingReportingOverflow(self.microseconds ?? 31 * day)
        return !overflow && !isFar && earliest <= stretch.upperBound && latest >= stretch.lowerBound
    }
}
