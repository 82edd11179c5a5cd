/// A day of the calendar.
struct CalendarDay: Hashable, Comparable, Sendable {
    static let milliseconds: Int64 = 86_400_000

    /// Days since 1970-01-01.
    let number: Int64
    let year: Int
    let month: Int
    let day: Int

    /// The date follows <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    ///
    /// - Parameter number: From 0 on, and at most some millions.
    init(number: Int64) {
        self.number = number
        let shifted = Int(number) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    }

    /// Takes a date; nil for one that is none, or lies outside of 1970 to 9999.
    init?(year: Int, month: Int, day: Int) {
        guard (1970...9_999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Days before the month, counted from the first of March.
        let shiftedYear = year - (month <= 2 ? 1 : 0)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        self.init(number: Int64(days))
        // The 31st of a month of 30 days is the first of the next.
        guard self.day == day else { return nil }
    }

    static func < (lhs: CalendarDay, rhs: CalendarDay) -> Bool { lhs.number < rhs.number }

    /// Its midnight UTC.
    var startMilliseconds: Int64 { self.number * Self.milliseconds }

    var next: CalendarDay { CalendarDay(number: self.number + 1) }

    var firstOfNextMonth: CalendarDay {
        // No month has more days than 31 left, nor two months fewer.
        let later = CalendarDay(number: self.number + Int64(32 - self.day))
        return CalendarDay(number: later.number - Int64(later.day - 1))
    }

    /// `2026-10-07`
    var text: String { "\(self.monthText)-\(Self.padded(self.day))" }

    /// `2026-10`
    var monthText: String { "\(self.year)-\(Self.padded(self.month))" }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
