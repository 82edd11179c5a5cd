import MarketModel

/// Frames of a rotation's second socket, kept until it takes over: what the first one brought meanwhile is told by then,
/// and what it did not bring follows in order.
///
/// Past the limit the oldest go: the first socket brought them long ago.
struct KeptFrames {
    private struct Place {
        let start: Int
        let end: Int
        let receivedMicroseconds: Int64
    }

    /// What a connection keeps at most.
    static let bytesMost = 8 << 20

    private let bytesMost: Int
    private var bytes: [UInt8] = []
    private var places: [Place] = []
    /// Frames that found no room.
    private(set) var dropped: UInt64 = 0

    init(bytesMost: Int = Self.bytesMost) {
        self.bytesMost = bytesMost
    }

    var count: Int { self.places.count }
    var byteCount: Int { self.bytes.count }

    /// Keeps a copy of a frame.
    mutating func append(_ frame: Frame) {
        if self.bytes.count + frame.bytes.count > self.bytesMost { self.makeRoom(frame.bytes.count) }
        guard self.bytes.count + frame.bytes.count <= self.bytesMost else {
            self.dropped &+= 1
            return
        }
        let start = self.bytes.count
        self.bytes.append(contentsOf: frame.bytes)
        self.places.append(
            Place(start: start, end: self.bytes.count, receivedMicroseconds: frame.receivedMicroseconds))
    }

    /// Lets everything go, memory too; what was dropped stays counted.
    mutating func removeAll() {
        self.bytes = []
        self.places = []
    }

    /// Hands the frames out, oldest first, with the times that they were received at.
    func forEach(_ body: (Frame) -> Void) {
        self.bytes.withUnsafeBytes { bytes in
            for place in self.places {
                body(
                    Frame(
                        bytes: UnsafeRawBufferPointer(rebasing: bytes[place.start..<place.end]),
                        receivedMicroseconds: place.receivedMicroseconds))
            }
        }
    }

    /// Drops the older half at least, so that the cost of moving the rest is shared by many frames.
    private mutating func makeRoom(_ count: Int) {
        let wanted = max(count, self.bytesMost / 2)
        let first = self.places.firstIndex { self.bytes.count - $0.start + wanted <= self.bytesMost }
        let kept = first ?? self.places.count
        let offset = first.map { self.places[$0].start } ?? self.bytes.count
        self.dropped &+= UInt64(kept)
        self.bytes.removeFirst(offset)
        self.places = self.places[kept...].map {
            Place(start: $0.start - offset, end: $0.end - offset, receivedMicroseconds: $0.receivedMicroseconds)
        }
    }
}
