/// Writes JSON text into a byte buffer; what it writes is always well formed.
///
/// Objects and arrays are written by closures, so they always end. Numbers that JSON does not have (NaN, infinities)
/// become `null`.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 256) {
        self.bytes.reserveCapacity(capacity)
    }

    /// What has been written, as text.
    package var text: String { String(decoding: self.bytes, as: UTF8.self) }

    package mutating func object(_ fields: (inout JSONWriter) -> Void) {
        self.container("{", "}", fields)
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        self.container("[", "]", elements)
    }

    /// Writes an object's field; only inside `object`.
    package mutating func field(_ name: String, _ value: some JSONWritable) {
        self.key(name)
        value.write(to: &self)
    }

    /// Writes a field whose value is an object of its own.
    package mutating func object(_ name: String, _ fields: (inout JSONWriter) -> Void) {
        self.key(name)
        self.object(fields)
    }

    /// Writes a field whose value is an array.
    package mutating func array(_ name: String, _ elements: (inout JSONWriter) -> Void) {
        self.key(name)
        self.array(elements)
    }

    package mutating func value(_ value: some JSONWritable) {
        value.write(to: &self)
    }

    package mutating func null() {
        self.literal("null")
    }

    /// Writes a value's text as it is; `text` must be a JSON number or word.
    mutating func literal(_ text: String) {
        self.separate()
        self.bytes.append(contentsOf: text.utf8)
        self.needsComma = true
    }

    mutating func string(_ text: String) {
        self.separate()
        self.quote(text)
        self.needsComma = true
    }

    private mutating func key(_ name: String) {
        self.separate()
        self.quote(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    private mutating func container(_ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void)
    {
        self.separate()
        self.bytes.append(UInt8(ascii: open))
        self.needsComma = false
        body(&self)
        self.bytes.append(UInt8(ascii: close))
        self.needsComma = true
    }

    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func quote(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(byte)
            case UInt8(ascii: "\n"): self.bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): self.bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): self.bytes.append(contentsOf: "\\t".utf8)
            case ..<0x20:
                self.bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
                self.bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }
}
