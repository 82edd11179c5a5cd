/// A message in a lane's ring, lent to the publisher until it is released.
///
/// Layout, native byte order, records aligned to 8 bytes:
/// ```
///  0 UInt32 total length with padding, or `wrapMarker`: the next record is at the ring's start
///  4 UInt8  message type      5 UInt8 source    6 UInt16 subject length
///  8 UInt16 id length        10 UInt8 verdict (0 none, else 1 + drop reason; the publisher's)
/// 11 UInt8  1 if the ledger counts what it brings as missing until it is safe
/// 12 UInt32 payload length
/// 16 Int64  enqueued, µs since the epoch
/// 24 Int64  received, µs since the epoch, 0 when there is none
/// 32 UInt64 sequence in the lane, from 0
/// 40 subject, NUL, id, payload
/// ```
struct QueueRecord {
    static let headerBytes = 40
    static let wrapMarker = UInt32.max

    let base: UnsafeMutableRawPointer

    var totalBytes: Int { Int(self.base.load(as: UInt32.self)) }
    var type: MessageType { MessageType(rawValue: self.base.load(fromByteOffset: 4, as: UInt8.self)) ?? .status }
    /// What the message is about, as its producer numbers it; 0 for nothing of that kind.
    var source: UInt8 { self.base.load(fromByteOffset: 5, as: UInt8.self) }
    var isAwaited: Bool { self.base.load(fromByteOffset: 11, as: UInt8.self) == 1 }
    var subjectLength: Int { Int(self.base.load(fromByteOffset: 6, as: UInt16.self)) }
    var idLength: Int { Int(self.base.load(fromByteOffset: 8, as: UInt16.self)) }
    var payloadLength: Int { Int(self.base.load(fromByteOffset: 12, as: UInt32.self)) }
    var enqueuedMicroseconds: Int64 { self.base.load(fromByteOffset: 16, as: Int64.self) }
    var receivedMicroseconds: Int64 { self.base.load(fromByteOffset: 24, as: Int64.self) }
    var sequence: UInt64 { self.base.load(fromByteOffset: 32, as: UInt64.self) }

    /// The subject, NUL-terminated.
    var subject: UnsafePointer<CChar> {
        UnsafePointer((self.base + Self.headerBytes).assumingMemoryBound(to: CChar.self))
    }
    var id: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: self.base + Self.headerBytes + self.subjectLength + 1, count: self.idLength)
    }
    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: self.base + Self.headerBytes + self.subjectLength + 1 + self.idLength, count: self.payloadLength)
    }

    /// Subject, NUL, id and payload, one after the other.
    var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: self.base + Self.headerBytes, count: self.subjectLength + 1 + self.idLength + self.payloadLength)
    }

    /// The reason the publisher gave this record up before its turn to leave came.
    var verdict: DropReason? {
        get {
            let raw = self.base.load(fromByteOffset: 10, as: UInt8.self)
            return raw == 0 ? nil : DropReason(rawValue: raw - 1)
        }
        nonmutating set {
            self.base.storeBytes(of: newValue.map { $0.rawValue + 1 } ?? 0, toByteOffset: 10, as: UInt8.self)
        }
    }
}
