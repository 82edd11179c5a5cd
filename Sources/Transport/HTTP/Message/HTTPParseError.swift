/// Why bytes from the other side are no HTTP/1.1 message.
package enum HTTPParseError: Error, Hashable, Sendable {
    /// The head is larger than the limit.
    case headTooLarge
    /// The body is larger than the limit, or says that it will be.
    case bodyTooLarge
    /// A rule of RFC 9112 is broken; the text names the part.
    case malformed(String)
    /// The connection ended inside the message.
    case endedEarly
}
