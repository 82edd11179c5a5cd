/// What a stream answers to a publish.
///
/// The server writes `{"stream":"S", "seq":7}`, with `,"duplicate": true` where it knew the id, or
/// `{"error":{"code":503,"err_code":10077,"description":"…"},…}`, with or without spaces: nats-server 2.9,
/// `server/jetstream_api.go` and `server/stream.go`, measured with 2.9.10.
enum StreamAnswer: Equatable {
    /// The range of the stream's name in the answer is empty where it does not say.
    case stored(stream: Range<Int>, sequence: UInt64, isDuplicate: Bool)
    case failed(code: Int, error: Int)
    case unreadable

    init(_ bytes: UnsafeRawBufferPointer) {
        if Self.find("\"error\"", in: bytes, limit: 16) != nil {
            let code = Self.number(after: "\"code\"", in: bytes).flatMap { Int(exactly: $0) } ?? 0
            let error = Self.number(after: "\"err_code\"", in: bytes).flatMap { Int(exactly: $0) } ?? 0
            self = .failed(code: code, error: error)
        } else if let sequence = Self.number(after: "\"seq\"", in: bytes) {
            self = .stored(
                stream: Self.text(of: "\"stream\"", in: bytes), sequence: sequence,
                isDuplicate: Self.isTrue("\"duplicate\"", in: bytes))
        } else {
            self = .unreadable
        }
    }

    private static func number(after key: StaticString, in bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard var index = Self.value(of: key, in: bytes) else { return nil }
        var value: UInt64?
        while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
            let (tens, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(bytes[index] - 0x30))
            if overflow || carry { return nil }
            value = sum
            index += 1
        }
        return value
    }

    /// Where the text of `key` stands, without its quotation marks; stream names need no escapes.
    private static func text(of key: StaticString, in bytes: UnsafeRawBufferPointer) -> Range<Int> {
        guard let start = Self.value(of: key, in: bytes), start < bytes.count, bytes[start] == UInt8(ascii: "\"")
        else { return 0..<0 }
        var end = start + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += 1 }
        return start + 1..<end
    }

    private static func isTrue(_ key: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let index = Self.value(of: key, in: bytes) else { return false }
        return index < bytes.count && bytes[index] == UInt8(ascii: "t")
    }

    /// The index where the value of `key` begins.
    private static func value(of key: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard var index = Self.find(key, in: bytes) else { return nil }
        while index < bytes.count, bytes[index] == UInt8(ascii: ":") || bytes[index] == UInt8(ascii: " ") { index += 1 }
        return index
    }

    /// The index behind the first occurrence of `text` that begins before `limit`.
    private static func find(_ text: StaticString, in bytes: UnsafeRawBufferPointer, limit: Int = .max) -> Int? {
        text.withUTF8Buffer { text in
            var start = 0
            while start < limit, start + text.count <= bytes.count {
                if bytes[start] == text[0], bytes[start..<start + text.count].elementsEqual(text) {
                    return start + text.count
                }
                start += 1
            }
            return nil
        }
    }
}
