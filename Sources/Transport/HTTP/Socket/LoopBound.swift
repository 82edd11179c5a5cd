/// Holds what only one loop's thread may touch, so that commands can carry it there.
final class LoopBound<Value>: @unchecked Sendable {
    // Safe: `value` is read and written only by commands and callbacks of the one loop it belongs to.
    var value: Value

    init(_ value: Value) {
        self.value = value
    }
}
