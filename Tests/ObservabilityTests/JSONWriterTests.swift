import Testing

@testable import Observability

@Suite("The JSON writer")
struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return writer.text
    }

    @Test("Objects and arrays nest, with commas where they belong")
    func nesting() {
        let text = self.text { writer in
            writer.object { writer in
                writer.object("empty") { _ in }
                writer.array("list") { writer in
                    writer.value(1)
                    writer.array { _ in }
                    writer.object { writer in
                        writer.field("a", true)
                        writer.field("b", String?.none)
                    }
                }
                writer.field("after", -7)
            }
        }
        #expect(text == #"{"empty":{},"list":[1,[],{"a":true,"b":null}],"after":-7}"#)
    }

    @Test(
        "Text is escaped, also in keys",
        arguments: [
            ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{0}\u{1F}\u{8}", #""\u0000\u001f\u0008""#), ("币安", #""币安""#),
        ])
    func escapes(raw: String, quoted: String) {
        #expect(self.text { $0.value(raw) } == quoted)
        #expect(self.text { $0.object { $0.field(raw, 1) } } == "{\(quoted):1}")
    }

    @Test("Numbers JSON does not have become null, all others are whole")
    func numbers() {
        #expect(self.text { $0.value([Double.nan, .infinity, -.infinity, 0.25]) } == "[null,null,null,0.25]")
        #expect(self.text { $0.value([UInt64.max]) } == "[18446744073709551615]")
        #expect(self.text { $0.value([Int64.min]) } == "[-9223372036854775808]")
    }
}
