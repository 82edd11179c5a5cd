/// Bytes that wait to be written, first in, first out, in one block of memory.
struct ByteQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { self.bytes.count - self.start }
    var isEmpty: Bool { self.count == 0 }

    mutating func append(_ new: UnsafeRawBufferPointer) {
        self.bytes.append(contentsOf: new)
    }

    mutating func append(_ new: some Sequence<UInt8>) {
        self.bytes.append(contentsOf: new)
    }

    /// Gives access to the first `limit` bytes.
    func withFirst<Result>(_ limit: Int = .max, body: (UnsafeRawBufferPointer) -> Result) -> Result {
        self.bytes.withUnsafeBytes { all in
            body(UnsafeRawBufferPointer(rebasing: all[self.start..<self.start + min(limit, self.count)]))
        }
    }

    /// Drops the first `count` bytes; memory is moved or given back only when most of it is behind.
    mutating func drop(_ count: Int) {
        self.start += count
        if self.start == self.bytes.count {
            self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= 1 << 20)
            self.start = 0
        } else if self.start > 65_536, self.start > self.bytes.count / 2 {
            self.bytes.removeFirst(self.start)
            self.start = 0
        }
    }

    mutating func removeAll() {
        self.bytes = []
        self.start = 0
    }

    /// Runs `body` over all bytes in place; it answers how many it is done with.
    mutating func consume(_ body: (UnsafeMutableRawBufferPointer) -> Int) {
        guard !self.isEmpty else { return }
        let start = self.start
        let used = self.bytes.withUnsafeMutableBytes { all in
            body(UnsafeMutableRawBufferPointer(rebasing: all[start...]))
        }
        self.drop(used)
    }
}
