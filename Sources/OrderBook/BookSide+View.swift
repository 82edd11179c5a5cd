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
        if self.count > self.window { self.cutToWindow(edge, depth: depth, recordedFrom: start, in: &buffer) }
        self.appendSlidIn(below: edge, depth: depth, to: &buffer)
        return LevelBuffer.Run(start: Int32(start), count: Int32(buffer.count &- start))
    }

    /// Drops what a frame pushed out of the window, and records what of it stood in a view deeper than the window.
    ///
    /// A reader cuts at `depth` on its own, and so has to be told only where the window is narrower.
    private mutating func cutToWindow(
        _ edge: ViewEdge, depth: Int, recordedFrom start: Int, in buffer: inout LevelBuffer
    ) {
        if self.window < depth {
            let end = buffer.count
            for index in 0..<(self.count - self.window) {
                let key = self.storage[index].price
                guard key >= edge.key else { continue }
                let price = self.key(of: key)
                var isRecorded = false
                for place in start..<end where buffer[place].price == price {
                    buffer.setSize(0, at: place)
                    isRecorded = true
                }
                if !isRecorded { _ = buffer.append(Level(price: price, size: 0)) }
            }
        }
        self.cutToWindow()
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
        if self.count > self.window { self.cutToWindow() }
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
