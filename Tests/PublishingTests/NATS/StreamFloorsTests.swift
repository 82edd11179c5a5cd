import Testing

@testable import Publishing

@Suite("Floors of streams")
struct StreamFloorsTests {
    @Test("A floor only rises, each stream has its own, and the lower of two is taken stream by stream")
    func floors() {
        var floors = StreamFloors()
        floors.raise(1, to: 10)
        floors.raise(1, to: 7)
        floors.raise(7, to: 3)
        floors.raise(8, to: 99)
        #expect(floors[1] == 10 && floors[2] == 0 && floors[7] == 3 && floors[8] == 0)
        var other = StreamFloors()
        other.raise(1, to: 4)
        other.raise(2, to: 5)
        other.raise(7, to: 8)
        let lower = floors.lower(other)
        #expect(lower[1] == 4 && lower[2] == 0 && lower[7] == 3)
        #expect(floors == floors.lower(floors) && floors != other)
    }

    @Test("Names get numbers from one on in the order they come; beyond seven they are not told apart")
    func names() {
        var names = StreamNames()
        func number(_ name: String) -> UInt8 {
            Array(name.utf8).withUnsafeBytes { names.number(of: $0) }
        }
        let none = number("")
        let first = (1...7).map { number("S\($0)") }
        let (beyond, again) = (number("S8"), number("S3"))
        #expect(none == 0 && first == [1, 2, 3, 4, 5, 6, 7])
        #expect(beyond == 0 && again == 3)
        #expect(names.names.count == 7)
    }

    @Test("The floors of a window do not rise while messages sent under other numbers may be stored above them")
    func held() {
        var tops = StreamFloors()
        tops.raise(1, to: 50)
        var window = AcknowledgementWindow(limitMessages: 8, limitBytes: 1000)
        window.raiseFloor(of: 1, to: 5)
        window.holdFloors(until: 2)
        window.raiseFloors(to: tops)
        #expect(window.floors[1] == 5)
        for number in UInt64(0)..<3 {
            window.sent(bytes: 1, at: 0)
            let isSettled = window.settle(number, stored: (1, 60 + number))
            let count = window.takeSettled()
            #expect(isSettled && count == 1)
            #expect(window.floors[1] == (number < 2 ? 5 : 62))
        }
        window.holdFloors(until: 10)
        window.raiseFloors(to: tops)
        #expect(window.floors[1] == 62)
        window.freeFloors()
        window.raiseFloors(to: tops)
        #expect(window.floors[1] == 50)
    }
}
