import MarketModel
import OrderBook
import Testing

@Suite("Book synchronizer, linked updates")
struct LinkedSynchronizerTests {
    /// A machine that has come from a snapshot at `first` in steps of one to `last`.
    private static func machine(from first: UInt64 = 900, to last: UInt64 = 1_000) -> BookSynchronizer {
        var machine = BookSynchronizer(rule: .linked)
        _ = machine.resetReceived(last: first)
        for id in first..<last { _ = machine.updateReceived(before: id, last: id + 1) }
        return machine
    }

    @Test("An update that names the book's last id is applied, whatever its own", arguments: [1_005, 1_000, 3, 0])
    func links(_ last: UInt64) {
        var machine = Self.machine()
        #expect(machine.updateReceived(before: 1_000, last: last) == .apply)
        #expect(machine.state == .live(last: last))
        #expect(machine.updateReceived(before: last, last: 7_000) == .apply)
    }

    @Test("An update that covers the book's last id but does not name it is a gap")
    func coversOnly() {
        var machine = Self.machine()
        #expect(machine.updateReceived(before: 999, last: 1_001) == .breakAndKeep(expected: 1_001, received: 1_000))
        #expect(machine.state == .waiting)
    }

    @Test("What another connection brings again is stale, keep-alives included")
    func twice() {
        var machine = Self.machine()
        #expect(machine.updateReceived(before: 998, last: 999) == .discardStale)
        #expect(machine.updateReceived(before: 999, last: 1_000) == .discardStale)
        #expect(machine.updateReceived(before: 999, last: 999) == .discardStale)
        #expect(machine.last == 1_000)
    }

    @Test("An update after a missing one is a gap", arguments: [UInt64(1_001), 5_000, .max])
    func gap(_ before: UInt64) {
        var machine = Self.machine()
        let action = machine.updateReceived(before: before, last: before)
        #expect(action == .breakAndKeep(expected: 1_001, received: before &+ 1))
    }

    @Test("Updates after a reset that was missed are a gap and not stale", arguments: [UInt64(3), 700, 871])
    func missedReset(_ before: UInt64) {
        var machine = Self.machine()
        #expect(
            machine.updateReceived(before: before, last: before + 2)
                == .breakAndKeep(expected: 1_001, received: before + 1))
    }

    @Test("Only the ids of the last updates count as had: older ones could be those of a reset that was missed")
    func old() {
        var machine = Self.machine(from: 600)
        var other = machine
        #expect(machine.updateReceived(before: 936, last: 937) == .discardStale)
        #expect(machine.updateReceived(before: 871, last: 872) == .breakAndKeep(expected: 1_001, received: 872))
        #expect(other.resetReceived(last: 871) == .replace)
    }

    @Test("A book that was void goes on with what it came through before")
    func void() {
        var machine = Self.machine()
        _ = machine.updateReceived(before: 1_003, last: 1_004)
        #expect(machine.resetReceived(last: 1_004) == .seed)
        #expect(machine.updateReceived(before: 999, last: 1_000) == .discardStale)
        #expect(machine.updateReceived(before: 1_003, last: 1_004) == .discardStale)
        machine.broke()
        #expect(machine.resetReceived(last: 7) == .seed)
        #expect(machine.updateReceived(before: 1_003, last: 1_004) == .discardStale)
        #expect(machine.updateReceived(before: 7, last: 8) == .apply)
    }

    @Test("A reset that starts from an id the book has passed is a gap")
    func resetElsewhere() {
        var machine = Self.machine()
        #expect(machine.updateReceived(before: 999, last: 3) == .breakAndKeep(expected: 1_001, received: 1_000))
    }

    @Test("After a reset another connection brings what was before it, and the reset itself, once more")
    func resetTwice() {
        var machine = Self.machine()
        #expect(machine.updateReceived(before: 1_000, last: 5) == .apply)
        #expect(machine.updateReceived(before: 5, last: 8) == .apply)
        #expect(machine.updateReceived(before: 990, last: 1_000) == .discardStale)
        #expect(machine.updateReceived(before: 1_000, last: 1_000) == .discardStale)
        #expect(machine.updateReceived(before: 1_000, last: 5) == .discardStale)
        #expect(machine.updateReceived(before: 5, last: 8) == .discardStale)
        #expect(machine.resetReceived(last: 998) == .discardStale)
        #expect(machine.updateReceived(before: 8, last: 11) == .apply)
        #expect(machine.updateReceived(before: 14, last: 17) == .breakAndKeep(expected: 12, received: 15))
    }

    @Test("What was before a reset is forgotten 64 updates after it")
    func forgets() {
        var machine = Self.machine()
        _ = machine.updateReceived(before: 1_000, last: 5)
        for id in UInt64(5)..<68 { _ = machine.updateReceived(before: id, last: id + 1) }
        var early = machine
        #expect(early.updateReceived(before: 999, last: 1_000) == .discardStale)
        _ = machine.updateReceived(before: 68, last: 69)
        #expect(machine.updateReceived(before: 999, last: 1_000) == .breakAndKeep(expected: 70, received: 1_000))
    }

    @Test("A reset by so little that old and new ids mix leaves nothing to take for stale")
    func smallReset() {
        var machine = Self.machine()
        _ = machine.updateReceived(before: 1_000, last: 990)
        #expect(machine.updateReceived(before: 994, last: 996) == .breakAndKeep(expected: 991, received: 995))
    }

    @Test("A snapshot of the stream starts a live book, replaces it from its own id on, and is stale before")
    func snapshots() {
        var machine = BookSynchronizer(rule: .linked)
        #expect(machine.resetReceived(last: 900) == .seed)
        #expect(machine.state == .live(last: 900))
        #expect(machine.resetReceived(last: 900) == .replace)
        machine = Self.machine()
        #expect(machine.resetReceived(last: 999) == .discardStale)
        #expect(machine.last == 1_000)
        #expect(machine.resetReceived(last: 1_010) == .replace)
        #expect(machine.last == 1_010)
        // The connection before is behind the snapshot of the one after it.
        #expect(machine.updateReceived(before: 1_000, last: 1_010) == .discardStale)
    }

    @Test("A snapshot below everything the book came through lately is of ids that started anew")
    func snapshotOfNewIDs() {
        var machine = Self.machine()
        #expect(machine.resetReceived(last: 7) == .replace)
        #expect(machine.updateReceived(before: 7, last: 9) == .apply)
        #expect(machine.updateReceived(before: 999, last: 1_000) == .discardStale)
    }

    @Test("After a snapshot of another source, updates of before it are stale until one follows")
    func otherSource() {
        var machine = BookSynchronizer(rule: .linked)
        #expect(machine.snapshotReceived(last: 900) == .seed)
        #expect(machine.updateReceived(before: 10, last: 700) == .discardStale)
        #expect(machine.updateReceived(before: 900, last: 905) == .apply)
        #expect(machine.updateReceived(before: 10, last: 700) == .breakAndKeep(expected: 906, received: 11))
    }

    @Test("By ranges of ids a snapshot of the stream replaces the book unless it is behind")
    func covering() {
        var machine = BookSynchronizer()
        #expect(machine.resetReceived(last: 10) == .seed)
        #expect(machine.resetReceived(last: 9) == .discardStale)
        #expect(machine.resetReceived(last: 12) == .replace)
        #expect(machine.updateReceived(before: 11, last: 13) == .apply)
    }
}
