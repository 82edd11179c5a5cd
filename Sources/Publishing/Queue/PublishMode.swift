/// How a message reaches NATS.
package enum PublishMode: UInt8, CaseIterable, Sendable {
    /// A plain publish, confirmed by a fence behind it.
    case core
    /// A publish that a stream acknowledges.
    case jetstream
}

/// The mode of each message type.
package struct PublishModes: Sendable, Equatable {
    private var modes: [PublishMode] = MessageType.allCases.map(\.defaultMode)

    /// Gives every type its default mode.
    package init() {}

    package subscript(type: MessageType) -> PublishMode {
        get { self.modes[Int(type.rawValue)] }
        set { self.modes[Int(type.rawValue)] = newValue }
    }
}
