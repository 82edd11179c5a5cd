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

    /// The time that a name such as `25DEC26` says, 08:00 UTC; milliseconds.
    static func time(_ name: String) -> Int64? {
        guard name.utf8.count >= 6, let year = Int(name.suffix(2)), let day = Int(name.dropLast(5)),
            let month = Self.months.firstIndex(of: String(name.dropLast(2).suffix(3))), (1...31).contains(day)
        else { return nil }
        return Self.days(2000 + year, month + 1, day) * Self.day + Self.hour * 3_600_000
    }

    /// The day of a date since 1970-01-01.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        // Days before the month, counted from the first of March of the year before where it is January or February.
        let shiftedYear = year - (month < 3 ? 1 : 0)
        let dayOfYear = (153 * (month < 3 ? month + 9 : month - 3) + 2) / 5 + day - 1
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }
}
