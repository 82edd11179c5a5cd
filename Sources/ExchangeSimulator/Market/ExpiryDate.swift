/// The days on which options end, as names have them.
enum ExpiryDate {
    /// Milliseconds.
    static let day: Int64 = 86_400_000
    private static let hour: Int64 = 8
    private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

    /// The first Friday, 08:00 UTC, after a time in milliseconds.
    static func nextFriday(after now: Int64) -> Int64 {
        // The first of January 1970 was a Thursday.
        var friday = (now / Self.day / 7) * 7 + 1
        while friday * Self.day + Self.hour * 3_600_000 <= now { friday += 7 }
        return friday * Self.day + Self.hour * 3_600_000
    }

    /// `25DEC26`, without a leading zero of the day.
    static func name(_ milliseconds: Int64) -> String {
        let (year, month, day) = Self.civil(milliseconds / Self.day)
        let short = year % 100
        return "\(day)\(Self.months[month - 1])\(short < 10 ? "0" : "")\(short)"
    }

    /// The date of a day since 1970-01-01 (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
    static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
