/// Names one socket among all that a slot ever opens.
package struct SocketID: Hashable, Sendable, CustomStringConvertible {
    /// The slot's number.
    package let slot: UInt32

    /// Counts the slot's sockets from 1.
    package let serial: UInt64

    package init(slot: UInt32, serial: UInt64) {
        self.slot = slot
        self.serial = serial
    }

    package var description: String { "\(self.slot).\(self.serial)" }
}
