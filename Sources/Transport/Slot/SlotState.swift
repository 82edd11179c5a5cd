/// A slot as its status messages name it.
package enum SlotState: String, Hashable, Sendable, CaseIterable {
    case idle
    case backingOff = "backing_off"
    case waitingForPermit = "waiting_for_permit"
    case connecting
    case live
    case rotating
    case closing
    case stopping
    case stopped
}
