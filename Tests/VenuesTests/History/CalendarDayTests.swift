import Foundation
import Testing

@testable import Venues

@Suite("Days of the calendar")
struct CalendarDayTests {
    @Test("Dates and numbers of days are those of the calendar, of leap years too")
    func dates() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for number in stride(from: Int64(0), through: 60_000, by: 7) {
            let day = CalendarDay(number: number)
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(number) * 86_400))
            #expect(parts.year == day.year && parts.month == day.month && parts.day == day.day)
            #expect(CalendarDay(year: day.year, month: day.month, day: day.day) == day)
        }
        #expect(CalendarDay(number: 20_629).text == "2026-06-25" && CalendarDay(number: 0).monthText == "1970-01")
    }

    @Test("A month is followed by the first of the next", arguments: [(19_753, "2024-02-01"), (19_782, "2024-03-01")])
    func months(_ number: Int64, _ text: String) {
        #expect(CalendarDay(number: number).firstOfNextMonth.text == text)
        #expect(CalendarDay(number: 20_088).text == "2024-12-31")
        #expect(CalendarDay(number: 20_088).firstOfNextMonth == CalendarDay(number: 20_088).next)
    }

    @Test(
        "What is no date is none",
        arguments: [(2025, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0), (1969, 12, 31)])
    func none(_ year: Int, _ month: Int, _ day: Int) {
        #expect(CalendarDay(year: year, month: month, day: day) == nil)
        #expect(CalendarDay(year: 2024, month: 2, day: 29) != nil)
    }
}
