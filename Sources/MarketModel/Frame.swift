/// One whole message from a venue's socket, as received, lent for the length of a call.
///
/// The bytes belong to the transport: whoever wants them after the call returns copies them.
public struct Frame {
    /// The message's payload, unmasked and inflated, fragments joined.
    public let bytes: UnsafeRawBufferPointer

    /// Taken in the socket callback, microseconds since the Unix epoch.
    public let receivedMicroseconds: Int64

    @inlinable
    public init(bytes: UnsafeRawBufferPointer, receivedMicroseconds: Int64) {
        self.bytes = bytes
        self.receivedMicroseconds = receivedMicroseconds
    }
}
