internal import CZlib

/// A ZIP of one compressed member, made piece by piece: what goes in is not kept.
///
/// Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, sections 4.3.7 to 4.3.16.
struct ZipFile: ~Copyable {
    private static let outputSize = 65_536

    private let name: [UInt8]
    /// Seconds since 1980 that the member is dated, in steps of two.
    private let modified: UInt16
    private var compressed: [UInt8] = []
    private var output: [UInt8]
    private var checksum: UInt = 0
    private var size: UInt32 = 0
    // The library keeps a pointer to the stream, which must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameters:
    ///   - level: Of compression, 1 to 9.
    ///   - modified: What tells two files of the same rows apart.
    init(_ name: String, level: Int32, modified: UInt16) {
        self.name = Array(name.utf8)
        self.modified = modified
        self.output = [UInt8](repeating: 0, count: Self.outputSize)
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        // Bare deflate, since the format has a checksum of its own; fails only without memory.
        let code = deflateInit2_(
            self.stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib has no memory")
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// Adds bytes of the member.
    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        self.size &+= UInt32(truncatingIfNeeded: bytes.count)
        self.checksum = bytes.withUnsafeBufferPointer {
            crc32(self.checksum, $0.baseAddress, uInt(truncatingIfNeeded: $0.count))
        }
        self.deflate(bytes, Z_NO_FLUSH)
    }

    /// The whole file.
    consuming func finish() -> [UInt8] {
        self.deflate([], Z_FINISH)
        var file: [UInt8] = []
        file.reserveCapacity(self.compressed.count + 2 * self.name.count + 98)
        file.write(little: 0x0403_4B50 as UInt32)
        self.writeCommon(into: &file)
        file.append(contentsOf: self.name)
        file.append(contentsOf: self.compressed)
        let directory = file.count
        file.write(little: 0x0201_4B50 as UInt32)
        file.write(little: 20 as UInt16)
        self.writeCommon(into: &file)
        // No comment, the first disk, no attributes, and the member at the file's start.
        file.append(contentsOf: [UInt8](repeating: 0, count: 14))
        file.append(contentsOf: self.name)
        let end = file.count
        file.write(little: 0x0605_4B50 as UInt32)
        file.write(little: 0 as UInt32)
        file.write(little: 1 as UInt16)
        file.write(little: 1 as UInt16)
        file.write(little: UInt32(truncatingIfNeeded: end - directory))
        file.write(little: UInt32(truncatingIfNeeded: directory))
        file.write(little: 0 as UInt16)
        return file
    }

    /// The fields that a member's own header and the directory share, without the name.
    private func writeCommon(into file: inout [UInt8]) {
        // Version 2.0, no flags, deflated.
        for field: UInt16 in [20, 0, 8, self.modified, 0x5A21] { file.write(little: field) }
        file.write(little: UInt32(truncatingIfNeeded: self.checksum))
        file.write(little: UInt32(truncatingIfNeeded: self.compressed.count))
        file.write(little: self.size)
        file.write(little: UInt16(truncatingIfNeeded: self.name.count))
        file.write(little: 0 as UInt16)
    }

    private mutating func deflate(_ bytes: [UInt8], _ flush: Int32) {
        var input = bytes
        input.withUnsafeMutableBufferPointer { input in
            self.stream.pointee.next_in = input.baseAddress
            self.stream.pointee.avail_in = uInt(truncatingIfNeeded: input.count)
            var isFull = true
            while isFull {
                let count = self.output.withUnsafeMutableBufferPointer { output in
                    self.stream.pointee.next_out = output.baseAddress
                    self.stream.pointee.avail_out = uInt(truncatingIfNeeded: output.count)
                    _ = CZlib.deflate(self.stream, flush)
                    return output.count - Int(self.stream.pointee.avail_out)
                }
                self.compressed.append(contentsOf: self.output[..<count])
                isFull = count == self.output.count
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func write(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }
}
