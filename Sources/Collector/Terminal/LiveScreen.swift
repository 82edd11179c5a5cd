/// Redraws a block of lines in place on a terminal.
package struct LiveScreen: Sendable {
    private var drawn = 0

    package init() {}

    /// Gives the bytes that replace the block drawn before by `lines`; none of them may wrap.
    package mutating func frame(_ lines: [String]) -> String {
        // Up to the block's first line, then each line with what was right of it cleared, then all below.
        var output = self.drawn > 0 ? "\u{1b}[\(self.drawn)F" : ""
        for line in lines { output += "\(line)\u{1b}[K\n" }
        output += "\u{1b}[J"
        self.drawn = lines.count
        return output
    }
}
