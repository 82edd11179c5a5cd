/// A venue's short name, as it stands in subjects and configuration: `binance`.
public struct VenueID: Hashable, Sendable, CustomStringConvertible {
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    public var description: String { self.name }
}
