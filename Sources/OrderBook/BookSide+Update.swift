import MarketModel

/// A level that a frame inserts or removes.
struct Move {
    /// Where, in the side as it was before the frame.
    var index: Int
    /// What is inserted; a size of zero removes what stands there.
    var level: Level
}

/// How a frame changes a side: sizes at once, insertions and removals together at its end.
///
/// A level that comes or goes shifts all better ones. A frame brings many, from the best downwards, and each stretch
/// between two of them is moved once, by as much as all those below it ask for.
extension BookSide {
    /// Insertions and removals that wait at most; a frame with more is settled in parts.
    static let movesMax = 64
    /// Levels next to the finger that are looked at all together.
    private static let near = 8

    /// Says that the next updates start from the best price again.
    @inline(__always)
    mutating func beginFrame() {
        self.finger = self.count
        self.lastKey = .max
    }

    /// Sets the absolute size at a key; zero removes the level, outside the trusted range nothing happens.
    ///
    /// The side is whole again after `settle`. Keys are best given from the best downwards, as venues sort them.
    ///
    /// - Returns: Whether anything changes.
    @inline(__always)
    mutating func update(key: Int64, size: Int64) -> Bool {
        guard key >= self.trustedFrom else { return false }
        if key >= self.lastKey || self.moveCount == Self.movesMax {
            self.settle()
            self.finger = self.count
        }
        self.lastKey = key
        let index = self.seek(key)
        self.finger = index
        if index < self.count, self.storage[index].price == key {
            guard self.storage[index].size != size else { return false }
            self.storage[index].size = size
            if size == 0 { self.add(Move(index: index, level: Level(price: key, size: 0))) }
            return true
        }
        guard size != 0 else { return false }
        self.add(Move(index: index, level: Level(price: key, size: size)))
        return true
    }

    @inline(__always)
    private mutating func add(_ move: Move) {
        self.moves[self.moveCount] = move
        self.moveCount &+= 1
    }

    /// Inserts and removes what the updates since the last call asked for.
    @inline(__always)
    mutating func settle() {
        if self.moveCount > 0 { self.settleMoves() }
    }

    private mutating func settleMoves() {
        let moves = UnsafeBufferPointer(start: self.moves, count: self.moveCount)
        var total = 0
        for move in moves { total &+= Self.growth(move) }
        self.reserve(self.count &+ total)
        // Upwards from the best down, then downwards from the worst up: no stretch lands on one that has yet to move.
        var shift = total
        var end = self.count
        for move in moves {
            if shift > 0 { self.shiftStretch(above: move, to: end, by: shift) }
            shift &-= Self.growth(move)
            end = move.index
        }
        shift = 0
        for place in stride(from: moves.count &- 1, through: 0, by: -1) {
            shift &+= Self.growth(moves[place])
            let end = place == 0 ? self.count : moves[place &- 1].index
            if shift < 0 { self.shiftStretch(above: moves[place], to: end, by: shift) }
        }
        shift = total
        for move in moves {
            shift &-= Self.growth(move)
            if move.level.size != 0 { (self.storage + (move.index &+ shift)).initialize(to: move.level) }
        }
        self.count &+= total
        self.moveCount = 0
    }

    @inline(__always)
    private static func growth(_ move: Move) -> Int { move.level.size == 0 ? -1 : 1 }

    /// Moves the levels between a move and the one above it.
    @inline(__always)
    private func shiftStretch(above move: Move, to end: Int, by shift: Int) {
        let start = move.level.size == 0 ? move.index &+ 1 : move.index
        guard end > start else { return }
        (self.storage + (start &+ shift)).update(from: self.storage + start, count: end &- start)
    }

    // MARK: - Search

    /// Finds the first index whose key is at or above `key`, from the finger outwards.
    ///
    /// The distance is as good as random, so a branch a step would be guessed wrong half the time: the nearest levels
    /// are counted without one, those further off searched without one once strides have found the stretch.
    @inline(__always)
    private func seek(_ key: Int64) -> Int {
        var high = min(self.finger, self.count)
        guard high > 0, self.storage[high &- 1].price >= key else { return self.seekUp(key, from: high) }
        if high >= Self.near {
            var better = 0
            for step in 1...Self.near {
                better &+= self.storage[high &- step].price >= key ? 1 : 0
            }
            high &-= better
            if better < Self.near { return high }
        }
        var stride = 2 &* Self.near
        while high >= stride {
            if self.storage[high &- stride].price < key {
                return self.lowerBound(of: key, from: high &- stride &+ 1, to: high)
            }
            high &-= stride
            stride &<<= 1
        }
        return self.lowerBound(of: key, from: 0, to: high)
    }

    /// The same where everything before `low` is below `key`.
    private func seekUp(_ key: Int64, from start: Int) -> Int {
        var low = start
        var stride = 1
        while self.count &- low >= stride {
            if self.storage[low &+ stride &- 1].price >= key {
                return self.lowerBound(of: key, from: low, to: low &+ stride &- 1)
            }
            low &+= stride
            stride &<<= 1
        }
        return self.lowerBound(of: key, from: low, to: self.count)
    }
}
