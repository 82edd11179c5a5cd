import Glibc
import Testing

@testable import Publishing

@Suite("Trade marks")
struct TradeMarksTests {
    private let files = MemoryFiles()

    private func open(_ files: MemoryFiles? = nil) -> TradeMarks {
        TradeMarks(path: "state/trades", files: files ?? self.files)
    }

    @Test("The last id of a stream is there after a restart, and only grows unless its venue began anew")
    func restart() {
        let marks = self.open()
        #expect(marks.last(of: 5) == nil)
        marks.set(5, id: 10, microseconds: 100)
        marks.set(6, id: 1, microseconds: 101)
        marks.set(5, id: 9, microseconds: 200)
        #expect(marks.last(of: 5)?.id == 10)
        #expect(marks.flush())
        marks.set(6, id: 7, microseconds: 300)
        marks.set(5, id: 3, microseconds: 400, restart: true)
        #expect(marks.last(of: 5)?.id == 3)
        // Nothing of it stands in the file before it is flushed.
        #expect(self.open().last(of: 5)?.id == 10)
        #expect(marks.flush())
        let again = self.open()
        #expect(again.last(of: 5)?.id == 3 && again.last(of: 5)?.microseconds == 400)
        #expect(again.last(of: 6)?.id == 7)
        #expect(again.count == 2 && again.tornCount == 0)
    }

    @Test("A slot torn at any byte is dropped and used again; its neighbours stay")
    func torn() throws {
        let marks = self.open()
        for key in UInt64(1)...3 { marks.set(key, id: key * 100, microseconds: 1) }
        #expect(marks.flush())
        let data = try #require(self.files.entries["state/trades"]).data
        try #require(data.count == 96)
        for offset in 32..<60 {
            let files = MemoryFiles()
            var damaged = data
            damaged[offset] ^= 2
            files.plant("state/trades", damaged)
            let torn = self.open(files)
            #expect(torn.tornCount == 1 && torn.count == 2)
            #expect(torn.last(of: 2) == nil, "at \(offset)")
            #expect(torn.last(of: 1)?.id == 100 && torn.last(of: 3)?.id == 300)
            torn.set(2, id: 201, microseconds: 2)
            #expect(torn.flush())
            #expect(files.entries["state/trades"]?.data.count == 96)
            #expect(self.open(files).last(of: 2)?.id == 201)
        }
        for size in 0..<96 {
            let files = MemoryFiles()
            files.plant("state/trades", Array(data[..<size]))
            #expect(self.open(files).count == (size % 32 >= 28 ? size / 32 + 1 : size / 32), "\(size) bytes")
        }
    }

    @Test("A full file is counted, and what is in it goes on")
    func full() {
        let marks = self.open()
        for key in 0..<UInt64(TradeMarks.maximumSlots + 10) { marks.set(key, id: 1, microseconds: 1) }
        #expect(marks.overflowCount == 10 && marks.count == TradeMarks.maximumSlots)
        marks.set(77, id: 2, microseconds: 2)
        #expect(marks.flush())
        #expect(self.files.entries["state/trades"]?.data.count == 2 << 20)
        let again = self.open()
        #expect(again.last(of: 77)?.id == 2 && again.count == TradeMarks.maximumSlots)
    }

    @Test("A disk that fails is counted, and what was set is written once it works", arguments: 0..<4)
    func failing(after: Int) {
        do {
            let marks = self.open()
            marks.set(1, id: 1, microseconds: 1)
            #expect(marks.flush())
        }
        self.files.fault = MemoryFiles.Fault(code: EIO, kinds: [.change, .read], after: after, times: 3)
        let marks = self.open()
        for key in UInt64(2)..<6 where key != 4 { marks.set(key, id: key, microseconds: 1) }
        for _ in 0..<5 { marks.flush() }
        #expect(marks.flush())
        #expect(marks.failureCount == UInt64(self.files.failed))
        self.files.fault = nil
        let again = self.open()
        for key in UInt64(1)..<6 { #expect(again.last(of: key)?.id == (key == 4 ? nil : key)) }
    }

    @Test(
        "The key is the subject's FNV-1a hash",
        arguments: [("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8)])
    func key(text: String, hash: UInt64) {
        #expect(TradeMarks.key(of: text.utf8) == hash)
    }
}
