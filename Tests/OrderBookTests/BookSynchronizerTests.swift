import OrderBook
import Testing

@Suite("Book synchronizer")
struct BookSynchronizerTests {
    static let beyond: [UInt64] = [11, 20, UInt64.max - 1]

    @Test("Updates are kept until a snapshot arrives")
    func keeps() {
        var machine = BookSynchronizer()
        #expect(machine.updateReceived(before: 1, last: 2) == .keep)
        #expect(machine.snapshotReceived(last: 2) == .seed)
        #expect(machine.state == .seeded(last: 2))
    }

    @Test("A frame that ends at or before the book is stale", arguments: [UInt64(0), 9, 10])
    func stale(_ last: UInt64) {
        var machine = BookSynchronizer()
        _ = machine.snapshotReceived(last: 10)
        #expect(machine.updateReceived(before: 0, last: last) == .discardStale)
        #expect(machine.last == 10)
    }

    @Test("A frame that starts at or before the book and ends after it is applied", arguments: [UInt64(0), 9, 10])
    func applies(_ before: UInt64) {
        var machine = BookSynchronizer()
        _ = machine.snapshotReceived(last: 10)
        #expect(machine.updateReceived(before: before, last: 11) == .apply)
        #expect(machine.state == .live(last: 11))
    }

    @Test(
        "A frame that starts after the book is a gap, up to the last id there is",
        arguments: BookSynchronizerTests.beyond)
    func gap(_ before: UInt64) {
        var machine = BookSynchronizer()
        _ = machine.snapshotReceived(last: 10)
        let action = machine.updateReceived(before: before, last: .max)
        #expect(action == .breakAndKeep(expected: 11, received: before &+ 1))
        #expect(machine.state == .waiting)
    }

    @Test("A snapshot of a valid book is only compared")
    func compares() {
        var machine = BookSynchronizer()
        _ = machine.snapshotReceived(last: 10)
        #expect(machine.snapshotReceived(last: 12) == .compare)
        #expect(machine.last == 10)
    }
}
