/// Durations as configuration and command line write them: `100ms`, `1s`, `5m`, `24h`.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: Int)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000),
    ]

    /// Parses digits and a unit without a space between, exactly; nil for anything else and past 292 years.
    package static func parse(_ text: String) -> Duration? {
        guard let (number, unit) = UnitText.split(text) else { return nil }
        guard let scale = Self.units.first(where: { $0.name == unit })?.nanoseconds else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : .nanoseconds(nanoseconds)
    }

    /// What was probably meant: the number with the unit spelt as here.
    static func nearest(to text: String) -> String? {
        guard let digits = UnitText.digits(of: text) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let meant: [String: String] = [
            "": "s", "msec": "ms", "millis": "ms", "milliseconds": "ms", "ms": "ms", "s": "s", "sec": "s",
            "second": "s", "seconds": "s", "m": "m", "min": "m", "minute": "m", "minutes": "m", "h": "h", "hr": "h",
            "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d", "us": "us", "µs": "us",
        ]
        return meant[unit].map { digits + $0 }
    }

    /// Writes a duration with the largest unit that is exact, whole microseconds at least.
    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return "\(seconds)s" }
        let (nanoseconds, carried) = whole.addingReportingOverflow(Int(attoseconds / 1_000_000_000))
        guard !carried else { return "\(seconds)s" }
        if nanoseconds == 0 { return "0s" }
        // Days are written as hours, as limits of venues and streams are.
        for unit in Self.units.dropFirst() where nanoseconds % unit.nanoseconds == 0 {
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "\(nanoseconds / 1_000)us"
    }
}
