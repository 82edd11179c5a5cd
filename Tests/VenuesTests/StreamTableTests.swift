import Testing
import Venues

@Suite("Streams by their names")
struct StreamTableTests {
    private static func value(_ table: borrowing StreamTable, _ name: String) -> Int32? {
        // Somewhere inside a longer text, as in a frame.
        let bytes = Array(("{\"stream\":\"" + name + "\",\"data\":{}}").utf8)
        return table.value(of: bytes.span, at: 11..<(11 + name.utf8.count))
    }

    @Test("Every name is found, no other one is, through all sizes of the table")
    func many() {
        var table = StreamTable()
        for index in 0..<3_000 {
            let isInserted = table.insert("symbol\(index)usdt@depth@100ms".utf8, value: Int32(index))
            guard isInserted else {
                Issue.record("\(index) was refused")
                return
            }
        }
        for index in 0..<3_000 {
            let found = Self.value(table, "symbol\(index)usdt@depth@100ms")
            let other = Self.value(table, "symbol\(index)usdt@trade")
            guard found == Int32(index), other == nil else {
                Issue.record("\(index) gives \(String(describing: found)) and \(String(describing: other))")
                return
            }
        }
    }

    @Test("A name is taken to the table's limit and the name's, and no further")
    func limits() {
        var table = StreamTable()
        let longest = String(repeating: "x", count: StreamTable.nameMax)
        let isTaken = table.insert(longest.utf8, value: 1)
        let isTooLong = table.insert((longest + "x").utf8, value: 2)
        #expect(isTaken && !isTooLong && Self.value(table, longest) == 1)
        var inserted = 1
        for index in 0..<(StreamTable.limit + 10) where table.insert("n\(index)".utf8, value: 3) { inserted += 1 }
        #expect(inserted == StreamTable.limit && table.count == StreamTable.limit)
        #expect(Self.value(table, "n0") == 3 && Self.value(table, longest) == 1)
    }

    @Test("A name registered again has its new value")
    func again() {
        var table = StreamTable()
        _ = table.insert("a".utf8, value: 1)
        _ = table.insert("a".utf8, value: 2)
        let count = table.count
        #expect(Self.value(table, "a") == 2 && count == 1)
    }

    @Test("Names that differ in one byte, at any place, are different")
    func neighbours() {
        var table = StreamTable()
        let name = Array("btcusdt@depth@100ms".utf8)
        for place in name.indices {
            var other = name
            other[place] ^= 1
            _ = table.insert(other, value: Int32(place))
        }
        _ = table.insert(name, value: 99)
        #expect(Self.value(table, "btcusdt@depth@100ms") == 99)
        for place in name.indices {
            var other = name
            other[place] ^= 1
            #expect(Self.value(table, String(decoding: other, as: UTF8.self)) == Int32(place))
        }
    }
}
