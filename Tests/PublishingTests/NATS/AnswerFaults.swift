import Synchronization

import TestSupport

@testable import Publishing

/// Loses, delays, doubles and reorders the answers of streams, by a seed; fences pass.
final class AnswerFaults: Sendable {
    private struct State {
        var random: SeededGenerator
        var delayed: [(round: Int, answer: InboxAnswer)] = []
        var round = 0
        var isOn = true
        var touched = 0
    }

    private let state: Mutex<State>

    init(seed: UInt64) { self.state = Mutex(State(random: SeededGenerator(seed: seed))) }

    /// Answers that were lost, late, doubled or out of their turn.
    var touched: Int { self.state.withLock { $0.touched } }

    func end() { self.state.withLock { $0.isOn = false } }

    func change(_ answers: inout [InboxAnswer]) {
        self.state.withLock { state in
            state.round += 1
            var kept: [InboxAnswer] = []
            for answer in answers {
                if case .fence = answer { kept.append(answer) } else { Self.pass(answer, &kept, &state) }
            }
            let (due, rest) = (
                state.delayed.filter { $0.round <= state.round || !state.isOn },
                state.delayed.filter { $0.round > state.round && state.isOn }
            )
            kept += due.map(\.answer)
            state.delayed = rest
            if state.isOn, kept.count > 1, Int.random(in: 0..<4, using: &state.random) == 0 {
                state.touched += kept.count
                kept.shuffle(using: &state.random)
            }
            answers = kept
        }
    }

    private static func pass(_ answer: InboxAnswer, _ kept: inout [InboxAnswer], _ state: inout State) {
        guard state.isOn else { return kept.append(answer) }
        switch Int.random(in: 0..<100, using: &state.random) {
        case 0..<2: state.touched += 1
        case 2..<6:
            state.touched += 1
            state.delayed.append((state.round + Int.random(in: 1...300, using: &state.random), answer))
        case 6..<10:
            state.touched += 1
            kept += [answer, answer]
        default: kept.append(answer)
        }
    }
}
