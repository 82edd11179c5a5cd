import Transport

/// What a feed needs of its connection slot.
protocol FeedSlot: AnyObject {
    var state: SlotState { get }
    var currentSocket: SocketID? { get }
    var counters: ConnectionSlotCounters { get }

    func start()
    func send(text: String, on id: SocketID) -> Bool
    func delivered(on id: SocketID)
    func useNextEndpoint()
    func reconnect(detail: String)
    func rotate() -> Bool
    func rotationReady()
    func stop(completion: @escaping () -> Void)
}

extension ConnectionSlot: FeedSlot {}
