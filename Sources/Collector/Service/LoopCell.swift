import Synchronization
import Transport

/// Holds an object that lives on one loop, for threads that may only pass it on.
///
/// Whoever holds the cell can do nothing but submit work to the loop; the object is made, used and released there.
final class LoopCell<Object: AnyObject>: @unchecked Sendable {
    // Safe: `object` is touched by commands of `loop` only, which run on one thread in order, and by `end` after them.
    private let loop: ServiceLoop
    private var object: Object?

    init(_ loop: ServiceLoop) {
        self.loop = loop
    }

    /// Makes the object on its loop; false when the loop takes no command.
    @discardableResult
    func make(_ body: @escaping @Sendable (LoopContext) -> Object) -> Bool {
        self.loop.submit { context in self.object = body(context) }
    }

    /// Runs `body` on the loop while the object exists; false when the loop takes no command, which it counts.
    @discardableResult
    func submit(_ body: @escaping @Sendable (Object) -> Void) -> Bool {
        self.loop.submit { _ in
            if let object = self.object { body(object) }
        }
    }

    /// Runs `body` on the loop, with nil when there is no object; false when the loop takes no command.
    func submitAlways(_ body: @escaping @Sendable (Object?) -> Void) -> Bool {
        self.loop.submit { _ in body(self.object) }
    }

    /// Ends the loop, then releases the object; returns after the loop's last callback.
    func end() {
        self.loop.stop()
        self.object = nil
    }

    /// Releases the object on its loop.
    func clear() {
        _ = self.loop.submit { _ in self.object = nil }
    }
}
