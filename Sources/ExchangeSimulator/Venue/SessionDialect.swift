/// How a venue's server talks with one client: what it understands, answers and allows.
protocol SessionDialect: AnyObject {
    func opened(_ session: SimulatorSession)
    func received(_ bytes: UnsafeRawBufferPointer, from session: SimulatorSession)
    /// - Parameter isAnswer: Whether it repeats a ping, which an unsolicited pong does not.
    func pong(isAnswer: Bool, from session: SimulatorSession)
    /// Puts around a payload what the client chose; false where it goes out as it is.
    func frame(_ payload: [UInt8], of channel: StreamChannel, into framed: inout [UInt8]) -> Bool
    /// Messages that look like the venue's and are not whole.
    var junk: [[UInt8]] { get }
    /// Tells the client that the connection will be closed; `nil` where the venue does not.
    func shutdownNotice(for session: SimulatorSession) -> [UInt8]?
}

extension SessionDialect {
    func pong(isAnswer: Bool, from session: SimulatorSession) {}
    func frame(_ payload: [UInt8], of channel: StreamChannel, into framed: inout [UInt8]) -> Bool { false }
}
