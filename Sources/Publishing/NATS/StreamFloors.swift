/// A sequence for each stream that messages go to; at most seven streams are told apart, the first number is for none.
struct StreamFloors: Equatable {
    static let most = 8

    private var sequences = InlineArray<8, UInt64>(repeating: 0)

    subscript(stream: UInt8) -> UInt64 {
        get { stream < Self.most ? self.sequences[Int(stream)] : 0 }
        set { if stream < Self.most { self.sequences[Int(stream)] = newValue } }
    }

    mutating func raise(_ stream: UInt8, to sequence: UInt64) {
        guard stream < Self.most, sequence > self.sequences[Int(stream)] else { return }
        self.sequences[Int(stream)] = sequence
    }

    /// The lower of both, stream by stream.
    func lower(_ other: StreamFloors) -> StreamFloors {
        var result = self
        for stream in 0..<UInt8(Self.most) { result[stream] = min(self[stream], other[stream]) }
        return result
    }

    static func == (left: StreamFloors, right: StreamFloors) -> Bool {
        (0..<UInt8(Self.most)).allSatisfy { left[$0] == right[$0] }
    }
}

/// The names of the streams that acknowledge, numbered from 1 in the order they were first heard of.
struct StreamNames {
    private(set) var names: [[UInt8]] = []

    /// The number of the stream called `name`, 0 when there are too many.
    mutating func number(of name: UnsafeRawBufferPointer) -> UInt8 {
        for (index, known) in self.names.enumerated() where known.elementsEqual(name) { return UInt8(index + 1) }
        guard self.names.count < StreamFloors.most - 1, !name.isEmpty, name.count <= 255 else { return 0 }
        self.names.append(Array(name))
        return UInt8(self.names.count)
    }
}
