internal import Synchronization

/// An answer that one task waits for: nil when there is none, or when the task is cancelled first.
package final class Reply<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case given(Value?)
    }

    private let state = Mutex(State.open)

    package init() {}

    /// Gives the answer; a second one is passed over.
    package func give(_ value: Value?) {
        let waiting = self.state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .open:
                state = .given(value)
                return nil
            case .waiting(let continuation):
                state = .given(value)
                return continuation
            case .given:
                return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// Waits for the answer, once.
    package func wait() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let given = self.state.withLock { state -> Value?? in
                    if case .given(let value) = state { return .some(value) }
                    state = .waiting(continuation)
                    return .none
                }
                if let given { continuation.resume(returning: given) }
            }
        } onCancel: {
            self.give(nil)
        }
    }
}
