import Logging
import Testing

@testable import Observability

@Suite("The log's lines")
struct LogFormatTests {
    private func line(_ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        String(
            decoding: format.line(
                unixMicroseconds: 1_709_164_799_000_007, level: .info, label: "loop-0", message: message,
                metadata: metadata), as: UTF8.self)
    }

    @Test("A human line has time, level, label, message and sorted metadata")
    func human() {
        #expect(
            self.line(.human, "connected", ["venue": "binance", "slot": "3"])
                == "2024-02-28T23:59:59.000007Z INFO     loop-0 connected slot=3 venue=binance\n")
    }

    @Test("A JSON line has the same as fields, with structure kept and own keys left alone")
    func json() {
        #expect(
            self.line(.json, "bad \"frame\"", ["time": "x", "list": ["a", ["k": "v"]]]) == """
                {"time":"2024-02-28T23:59:59.000007Z","level":"info","label":"loop-0",\
                "message":"bad \\"frame\\"","list":["a",{"k":"v"}],"_time":"x"}

                """)
    }

    @Test("What is logged cannot begin a line of its own or move the terminal", arguments: LogFormat.allCases)
    func oneLine(format: LogFormat) {
        let line = self.line(format, "a\nb\r\u{1B}[2J", ["k\n": "v\nw"])
        #expect(line.utf8.count { $0 < 0x20 } == 1)
        #expect(line.hasSuffix("\n"))
    }

    @Test("Values with spaces, quotes or nothing in them are quoted")
    func quoting() {
        #expect(self.line(.human, "m", ["k": "a b"]).hasSuffix(" k=\"a b\"\n"))
        #expect(self.line(.human, "m", ["k": "a\"b"]).hasSuffix(" k=\"a\\\"b\"\n"))
        #expect(self.line(.human, "m", ["k": ""]).hasSuffix(" k=\"\"\n"))
    }

    @Test(
        "Times are civil dates in UTC",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000000Z"), (-1, "1970-01-01T00:00:00.000000Z"),
            (951_827_696_123_456, "2000-02-29T12:34:56.123456Z"),
            (1_735_689_599_999_999, "2024-12-31T23:59:59.999999Z"),
            (1_735_689_600_000_000, "2025-01-01T00:00:00.000000Z"),
            (Int64.max, "9999-12-31T23:59:59.999999Z"),
        ])
    func times(microseconds: Int64, text: String) {
        #expect(LogFormat.timestamp(unixMicroseconds: microseconds) == text)
    }
}
