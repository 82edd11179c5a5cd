/// One whole message from a venue's socket, as received, lent for the length of a call.
///
/// The bytes belong to the transport: whoever wants them after the call returns copies them.
package struct Frame {
    /// The message's payload, unmasked and inflated, fragments joined.
    package let bytes: UnsafeRawBufferPointer

    /// Taken in the socket callback, microseconds since the Unix epoch.
    package let receivedMicroseconds: Int64

    @inlinable
    package init(bytes: UnsafeRawBufferPointer, receivedMicroseconds: Int64) {
        self.bytes = bytes
        self.receivedMicroseconds = receivedMicroseconds
    }
}
