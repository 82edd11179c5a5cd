import MarketModel

/// How a frame changes a side, level by level.
extension BookSide {
    /// Says that the next updates start from the best price again.
    @inline(__always)
    mutating func beginFrame() {
        self.finger = self.count
    }

    /// Sets the absolute size at a key; zero removes the level, below what is kept nothing happens.
    ///
    /// Keys are best given from the best downwards, as venues sort them: the search starts where the last one ended.
    ///
    /// - Returns: Whether anything changed.
    @inline(__always)
    mutating func update(key: Int64, size: Int64) -> Bool {
        guard key >= self.floor else { return false }
        let index = self.seek(key)
        self.finger = index
        if index < self.count, self.storage[index].price == key {
            guard self.storage[index].size != size else { return false }
            if size == 0 { self.remove(at: index) } else { self.storage[index].size = size }
            return true
        }
        guard size != 0 else { return false }
        self.insert(Level(price: key, size: size), at: index)
        return true
    }

    // MARK: - Search

    /// Levels next to the finger that are looked at all together.
    private static let near = 8

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
                better &+= 1 &+ Self.ifBelow(self.storage[high &- step].price, key)
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
