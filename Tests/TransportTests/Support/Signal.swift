import Glibc
import Synchronization

/// Values collected from any thread.
final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    var values: [Value] { self.storage.withLock { $0 } }

    func append(_ value: Value) {
        self.storage.withLock { $0.append(value) }
    }
}

/// Waits for something that happens on another thread, within a bound.
func eventually(seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    let end = seconds * 1000
    var waited = 0.0
    while !condition() {
        if waited >= end { return false }
        usleep(1000)
        waited += 1
    }
    return true
}

/// Set once by one thread, awaited by another.
final class Signal: Sendable {
    private let isSet = Atomic<Bool>(false)

    func set() {
        self.isSet.store(true, ordering: .releasing)
    }

    func wait(seconds: Double) -> Bool {
        eventually(seconds: seconds) { self.isSet.load(ordering: .acquiring) }
    }
}
