import Foundation
import Testing

@testable import Venues

@Suite("Reading JSON")
struct JSONReaderTests {
    /// Where a value ends, or the error.
    private static func end(of text: String) -> Result<Int, JSONError> {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        do throws(JSONError) {
            try reader.skipValue()
            return .success(reader.index)
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "A value is passed whole, and nothing after it",
        arguments: [
            "1", "-1.5e+10", "true", "null", #""a\"b""#, #""\\""#, "[]", "{}", #"{"a":[1,{"b":"]}"}],"c":null}"#,
            " [ 1 , 2 ] ",
        ])
    func passes(_ text: String) {
        let end = text.utf8.count - (text.hasSuffix(" ") ? 1 : 0)
        #expect(Self.end(of: text + ",rest") == .success(end))
        #expect(Self.end(of: text + "]") == .success(end))
    }

    @Test("Text that ends too early is truncated, wherever it is cut")
    func truncated() {
        let text = #"{"stream":"btcusdt@trade","data":{"e":"trade","p":["1","2"],"m":true}}"#
        for count in 0..<text.utf8.count {
            let cut = String(decoding: Array(text.utf8).prefix(count), as: UTF8.self)
            #expect(Self.end(of: cut) == .failure(.truncated), "\(cut)")
        }
        #expect(Self.end(of: text) == .success(text.utf8.count))
    }

    @Test("Brackets that do not match are refused", arguments: ["[}", "{]", "[1,{]}", "]", "}", ",", "[{\"a\":1]]"])
    func mismatched(_ text: String) {
        guard case .failure(.unexpected) = Self.end(of: text + "     ") else {
            Issue.record("\(text) was taken")
            return
        }
    }

    @Test("Nesting is followed to a limit, one deeper is refused")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(Self.end(of: nested(64)) == .success(128))
        #expect(Self.end(of: nested(65)) == .failure(.tooDeep))
    }

    @Test("Whole numbers are exact up to nineteen digits, longer ones are refused")
    func unsigned() throws {
        func read(_ text: String) throws -> UInt64 {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            return try reader.unsigned()
        }
        #expect(try read("9999999999999999999,") == 9_999_999_999_999_999_999)
        #expect(try read(" 0]") == 0)
        #expect(throws: JSONError.self) { try read("10000000000000000000") }
        #expect(throws: JSONError.self) { try read("-1") }
        #expect(throws: JSONError.self) { try read("\"1\"") }
        #expect(throws: JSONError.truncated) { try read("   ") }
    }

    @Test("Escapes become what they stand for; what is no escape is refused")
    func unescaped() {
        func text(_ escaped: String) -> String? {
            let bytes = Array(escaped.utf8)
            return JSONText.unescaped(bytes.span, 0..<bytes.count).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(text(#"\u5e01\u5b89"#) == "\u{5e01}\u{5b89}")
        #expect(text(#"a\"\\\/\b\f\n\r\t"#) == "a\"\\/\u{8}\u{c}\n\r\t")
        #expect(text(#"\ud83d\ude00"#) == "\u{1F600}")
        for broken in [#"\"#, #"\x"#, #"\u12"#, #"\u12g4"#, #"\ud83d"#, #"\ud83dA"#, #"\ude00"#] {
            #expect(text(broken) == nil, "\(broken)")
        }
    }

    @Test("What the reader passes is what Foundation reads, for random documents")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let text = Self.document(depth: 4, &generator)
            #expect(Self.end(of: text) == .success(text.utf8.count), "\(text)")
            _ = try JSONSerialization.jsonObject(with: Data("[\(text)]".utf8))
        }
    }

    private static func document(depth: Int, _ generator: inout some RandomNumberGenerator) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
        case 0: return "null"
        case 1: return Bool.random(using: &generator) ? "true" : "false"
        case 2: return String(Int64.random(in: -1_000_000...1_000_000, using: &generator))
        case 3: return #""\u00e9 plain \"quoted\" \\ ""#
        case 4: return "0.125e-3"
        case 5:
            let items = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                Self.document(depth: depth - 1, &generator)
            }
            return "[" + items.joined(separator: ", ") + "]"
        default:
            let items = (0..<Int.random(in: 0...4, using: &generator)).map { index in
                "\"key\(index)\" : " + Self.document(depth: depth - 1, &generator)
            }
            return "{" + items.joined(separator: ",") + "}"
        }
    }
}
