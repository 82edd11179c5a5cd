/// What a size counts.
public enum SizeUnit: String, Hashable, Sendable, CaseIterable {
    case base, quote, contracts
}
