/// The kind of market an instrument belongs to, as it stands in subjects.
public enum Market: String, Hashable, Sendable, CaseIterable {
    case spot, perpetual, future, option
}
