/// What a size counts.
package enum SizeUnit: String, Hashable, Sendable, CaseIterable {
    case base, quote, contracts
}
