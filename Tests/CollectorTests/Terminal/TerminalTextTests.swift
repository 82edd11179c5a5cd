import Testing

@testable import Collector

@Suite("Text on a terminal")
struct TerminalTextTests {
    @Test(
        "What could steer a terminal or hide text is escaped",
        arguments: [
            ("\u{1b}[2J", "\\u{1b}[2J"), ("a\nb\r", "a\\u{a}b\\u{d}"), ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}abc", "\\u{202e}abc"), ("\u{200b}", "\\u{200b}"), ("\u{2028}", "\\u{2028}"),
            ("\u{7f}", "\\u{7f}"), ("币安人生", "币安人生"), ("BTC-USDT", "BTC-USDT"), ("é", "é"),
        ])
    func escapes(text: String, expected: String) {
        #expect(TerminalText.escaped(text) == expected)
    }

    @Test("Long text is looked at up to a limit only")
    func bounded() {
        #expect(TerminalText.escaped(String(repeating: "a", count: 100), limit: 3) == "aaa…")
        #expect(TerminalText.escaped("abc", limit: 3) == "abc")
    }

    @Test("Width counts wide characters twice and combining marks not at all")
    func width() {
        #expect(TerminalText.width(of: "BTC") == 3)
        #expect(TerminalText.width(of: "币安") == 4)
        #expect(TerminalText.width(of: "e\u{301}") == 1)
    }

    @Test("Text is cut and filled to exactly the columns asked for", arguments: 1...12)
    func fits(columns: Int) {
        for text in ["", "BTC", "币安人生USDT", "abcdefghijklmnop"] {
            #expect(TerminalText.width(of: TerminalText.fitted(text, to: columns)) == columns)
            #expect(TerminalText.width(of: TerminalText.truncated(text, to: columns)) <= columns)
        }
        #expect(TerminalText.fitted("7", to: 3, right: true) == "  7")
    }

    @Test(
        "Rates, durations and sizes are short",
        arguments: [
            (HumanNumber.rate(7.46), "7.5"), (HumanNumber.rate(950), "950"), (HumanNumber.rate(12_340), "12.3k"),
            (HumanNumber.rate(4e6), "4.0M"), (HumanNumber.rate(.infinity), "-"), (HumanNumber.rate(.nan), "-"),
            (HumanNumber.rate(1e300), ">1T"), (HumanNumber.duration(.microseconds(850)), "850us"),
            (HumanNumber.duration(.microseconds(12_500)), "12.5ms"), (HumanNumber.duration(.seconds(250)), "4m10s"),
            (HumanNumber.duration(.seconds(7_500)), "2h05m"), (HumanNumber.duration(nil), "-"),
            (HumanNumber.duration(.seconds(-1)), "-"),
            (HumanNumber.duration(.seconds(Int64.max)), "106751991167300d15h"),
            (HumanNumber.bytes(ByteSize(512)), "512B"), (HumanNumber.bytes(.kibibytes(1_536)), "1.5MiB"),
            (HumanNumber.bytes(ByteSize(.max)), "8388608.0TiB"), (HumanNumber.bytes(ByteSize(-5)), "0B"),
        ])
    func humanNumbers(text: String, expected: String) {
        #expect(text == expected)
    }
}
