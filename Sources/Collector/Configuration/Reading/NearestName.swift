/// Finds what somebody probably meant to write.
enum NearestName {
    /// Texts are compared up to this many characters.
    private static let limit = 64

    /// Gives the candidate with the fewest edits to `name`, if few enough to be a slip, or one that `name` begins;
    /// the first among equals.
    static func find(_ name: String, among candidates: [String]) -> String? {
        let written = Array(name.lowercased().prefix(Self.limit))
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = Self.distance(written, Array(candidate.lowercased().prefix(Self.limit)))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(2, best.name.count / 3), best.distance < max(2, best.name.count) else {
            return name.count < 3 ? nil : candidates.first { $0.lowercased().hasPrefix(name.lowercased()) }
        }
        return best.name
    }

    /// Says what to write instead: the nearest candidate, or all of them where none is near.
    static func advice(for name: String, among candidates: [String]) -> String {
        if let nearest = Self.find(name, among: candidates) { return "did you mean \(nearest)?" }
        return "known here: \(candidates.joined(separator: ", "))"
    }

    /// Counts insertions, removals, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                let cost = left[row] == right[column] ? 0 : 1
                var edits = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    edits = min(edits, beforeLast[column - 1] + 1)
                }
                current.append(edits)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
