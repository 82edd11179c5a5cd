/// A venue's short name, as it stands in subjects and configuration: `binance`.
package struct VenueID: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package var description: String { self.name }
}
