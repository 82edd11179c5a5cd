/// One recorded message: when it came, on which connection, and where its text stands.
package struct RecordedFrame: Equatable, Sendable {
    /// Nanoseconds since the Unix epoch, as the recorder took them.
    package let receivedNanoseconds: Int64

    /// Index into `RecordingReader.connections`.
    package let connection: Int

    /// Whether the recorder's side sent it.
    package let isSent: Bool

    /// Where the unescaped text stands in the reader's arena; valid until its next batch.
    package let bytes: Range<Int>
}
