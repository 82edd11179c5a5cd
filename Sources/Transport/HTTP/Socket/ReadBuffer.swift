/// The buffer that all connections of one loop part read into, one at a time.
final class ReadBuffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    deinit {
        self.bytes.deallocate()
    }
}
