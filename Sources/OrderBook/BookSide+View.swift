import MarketModel

/// The edge of a side's view before a frame: what lies below it was not in the view.
struct ViewEdge {
    /// The key of the worst level in the view; `Int64.max` for an empty view.
    let key: Int64
}

extension BookSide {
    /// The edge of the view of the best `depth` levels.
    @inline(__always)
    func viewEdge(depth: Int) -> ViewEdge {
        guard self.count > 0, depth > 0 else { return ViewEdge(key: .max) }
        return ViewEdge(key: self.keyOfRank(min(depth, self.count) &- 1))
    }

    /// Applies a frame's levels and appends to `buffer` how the view of the best `depth` levels changed.
    ///
    /// What is at or above the old edge and changed is appended as it changed; whatever of the new view lies below the
    /// old edge slid in and is appended whole. Each price is thus named once.
    @inline(__always)
    mutating func apply(
        _ run: LevelBuffer.Run, depth: Int, recordingInto buffer: inout LevelBuffer
    ) -> LevelBuffer.Run {
        let edge = self.viewEdge(depth: depth)
        let start = buffer.count
        self.beginFrame()
        for index in run.indices {
            let level = buffer[index]
            let key = self.key(of: level.price)
            if self.update(key: key, size: level.size), key >= edge.key {
                _ = buffer.append(level)
            }
        }
        self.appendSlidIn(below: edge, depth: depth, to: &buffer)
        return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count &- start))
    }

    /// Appends the levels of the view that lie below an earlier edge, worst first.
    @inline(__always)
    func appendSlidIn(below edge: ViewEdge, depth: Int, to buffer: inout LevelBuffer) {
        var rank = min(depth, self.count) &- 1
        while rank >= 0, self.keyOfRank(rank) < edge.key {
            _ = buffer.append(self.level(atRank: rank))
            rank &-= 1
        }
    }

    /// Applies levels without recording what they change.
    mutating func apply(_ levels: some Collection<Level>) {
        self.beginFrame()
        for level in levels {
            _ = self.update(key: self.key(of: level.price), size: level.size)
        }
    }

    /// Appends the view, best first.
    func appendView(depth: Int, to buffer: inout LevelBuffer) -> LevelBuffer.Run {
        let start = buffer.count
        for rank in 0..<min(depth, self.count) {
            guard buffer.append(self.level(atRank: rank)) else { break }
        }
        return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count - start))
    }

    /// Up to which price every level is known.
    var trustedTo: OrderBookView.TrustedTo {
        switch self.trustedFrom {
        case .min: .everything
        case .max: .price(0)
        default: .price(self.key(of: self.trustedFrom))
        }
    }
}
