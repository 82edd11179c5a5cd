/// Carries a thread-confined object through another thread and back to its loop.
struct LoopReturn<Object: AnyObject>: @unchecked Sendable {
    // Safe: the object is only reached from commands of its own loop; elsewhere nothing but the reference is held,
    // and it is weak, so that the last strong one is never dropped on a foreign thread by this.
    private final class Cell {
        weak var object: Object?

        init(_ object: Object) {
            self.object = object
        }
    }

    private let cell: Cell
    private let mailbox: LoopMailbox

    init(_ object: Object, to context: LoopContext) {
        self.cell = Cell(object)
        self.mailbox = context.mailbox
    }

    /// Runs `body` on the loop while the object exists; a full mailbox drops it, counted there.
    @discardableResult
    func submit(_ body: @escaping @Sendable (Object) -> Void) -> Bool {
        self.mailbox.submit { _ in
            if let object = self.cell.object { body(object) }
        }
    }
}
