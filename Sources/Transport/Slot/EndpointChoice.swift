/// Chooses which of a slot's endpoints the next attempt goes to, and keeps to the one that delivers.
struct EndpointChoice {
    /// Failures in a row at one endpoint, none of which says that it is the wrong one, until the next is tried.
    private static let patience = 2

    private let count: Int
    private(set) var next = 0
    private var fruitless = 0

    init(count: Int) {
        precondition(count > 0, "a slot needs an endpoint")
        self.count = count
    }

    /// The data comes from this one: attempts start here from now on.
    mutating func delivered(at endpoint: Int) {
        self.next = endpoint
        self.fruitless = 0
    }

    /// An attempt, or a socket before it delivered, ended so.
    ///
    /// Whoever was not reached, or refuses for rate, said nothing about the endpoint. A refusal of the upgrade by
    /// another status than a server's own failure says that nothing is to be had there.
    mutating func failed(at endpoint: Int, _ reason: DisconnectReason) {
        guard endpoint == self.next, !reason.kind.leftVenueUntouched else { return }
        let status = reason.httpStatus ?? 0
        guard status != 429, status != 418 else { return }
        self.fruitless += 1
        let isRefused = reason.kind == .upgradeRefused && status < 500
        if isRefused || self.fruitless >= Self.patience { self.moveOn() }
    }

    mutating func moveOn() {
        self.next = (self.next + 1) % self.count
        self.fruitless = 0
    }
}
