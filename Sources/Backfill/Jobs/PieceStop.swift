internal import Synchronization

/// Stops the work on one piece, without the others.
final class PieceStop: Sendable {
    private struct State {
        var isStopped = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isStopped: Bool { self.state.withLock { $0.isStopped } }

    /// Runs a piece's work in a task that `stop`, or the caller's cancellation, ends; returns when it has ended.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(PieceFailure) -> Value
    ) async throws(PieceFailure) -> Value {
        let task = Task { () -> Result<Value, PieceFailure> in
            do throws(PieceFailure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        let isStopped = self.state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isStopped
        }
        if isStopped { task.cancel() }
        return try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    func stop() {
        let cancel = self.state.withLock { state in
            state.isStopped = true
            return state.cancel
        }
        cancel?()
    }
}
