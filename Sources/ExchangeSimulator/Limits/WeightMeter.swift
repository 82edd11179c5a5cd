/// Meters request weight for each minute as the venue does, and bans who does not stop.
struct WeightMeter {
    enum Verdict: Equatable {
        case admitted(used: Int)
        /// 429: over the limit until the minute ends.
        case tooMany(used: Int, retryAfterSeconds: Int)
        /// 418: banned.
        case banned(used: Int, retryAfterSeconds: Int)
    }

    private static let minute: Int64 = 60_000_000

    let limit: Int
    private let strikesMax: Int
    private let banLength: Int64
    private var window: Int64 = -1
    private(set) var used = 0
    private(set) var usedMax = 0
    /// Since the start.
    private(set) var total = 0
    private var strikes = 0
    private var bannedUntil: Int64 = 0

    /// - Parameters:
    ///   - strikesMax: Requests over the limit within one minute before a ban.
    ///   - banLength: Microseconds.
    init(limit: Int, strikesMax: Int, banLength: Int64) {
        self.limit = limit
        self.strikesMax = strikesMax
        self.banLength = banLength
    }

    /// Spends `weight` at `now`, microseconds of a clock whose minutes count.
    mutating func spend(_ weight: Int, at now: Int64) -> Verdict {
        let window = now / Self.minute
        if window != self.window {
            self.window = window
            self.used = 0
            self.strikes = 0
        }
        if now < self.bannedUntil {
            return .banned(used: self.used, retryAfterSeconds: Self.seconds(self.bannedUntil - now))
        }
        self.used += weight
        self.total += weight
        self.usedMax = max(self.usedMax, self.used)
        guard self.used > self.limit else { return .admitted(used: self.used) }
        self.strikes += 1
        guard self.strikes > self.strikesMax else {
            return .tooMany(used: self.used, retryAfterSeconds: Self.seconds((window + 1) * Self.minute - now))
        }
        self.bannedUntil = now + self.banLength
        return .banned(used: self.used, retryAfterSeconds: Self.seconds(self.banLength))
    }

    private static func seconds(_ microseconds: Int64) -> Int {
        Int((microseconds + 999_999) / 1_000_000)
    }
}
