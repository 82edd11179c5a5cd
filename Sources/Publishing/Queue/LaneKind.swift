/// What a lane carries, which says how it is confirmed and what becomes of it while the server is slow or away.
package enum LaneKind: UInt8, CaseIterable, Sendable {
    /// Plain publishes, confirmed by fences; worthless once the connection is lost.
    case core
    /// Acknowledged messages of which the newest says all: conflated at the source, never spooled.
    case state
    /// Acknowledged messages that all count: spooled to disk when the server does not take them.
    case log

    package var mode: PublishMode {
        switch self {
        case .core: .core
        case .state, .log: .jetstream
        }
    }

    package var name: StaticString {
        switch self {
        case .core: "core"
        case .state: "state"
        case .log: "log"
        }
    }
}
