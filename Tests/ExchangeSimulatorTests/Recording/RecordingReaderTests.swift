import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("RecordingReader")
struct RecordingReaderTests {
    private struct Record: Equatable {
        let received: Int64
        let connection: String
        let text: String
        var isSent = false
    }

    private static func records(
        _ text: String, limits: RecordingReader.Limits = .init()
    ) throws -> (records: [Record], reader: RecordingReader) {
        try Recordings.withTemporaryFile(text.utf8) { path in
            let reader = try RecordingReader(path: path, limits: limits)
            return (try Self.drain(reader), reader)
        }
    }

    private static func drain(_ reader: RecordingReader) throws -> [Record] {
        var records: [Record] = []
        while try reader.nextBatch() {
            for frame in reader.frames {
                records.append(
                    Record(
                        received: frame.receivedNanoseconds, connection: reader.connections[frame.connection],
                        text: String(decoding: reader.bytes(of: frame), as: UTF8.self), isSent: frame.isSent))
            }
        }
        return records
    }

    @Test(
        "Text is unescaped exactly",
        arguments: [
            (#"{\"a\":1}"#, #"{"a":1}"#),
            (#"a\\b\/c\n\t\r\b\fd"#, "a\\b/c\n\t\r\u{8}\u{c}d"),
            (#"\u5e01\u00e9\u0041"#, "币éA"),
            (#"\ud83d\uDE00"#, "😀"),
            ("币安人生usdt@depth", "币安人生usdt@depth"),
            ("", ""),
        ])
    func unescaping(escaped: String, expected: String) throws {
        let (records, reader) = try Self.records(#"{"ts":1723161253937085768,"conn":"c","raw":"\#(escaped)"}"#)
        #expect(records == [Record(received: 1_723_161_253_937_085_768, connection: "c", text: expected)])
        #expect(reader.linesSkipped == 0)
    }

    @Test("Keys come in any order, unknown ones are passed over, and what was sent says so")
    func keys() throws {
        let (records, _) = try Self.records(
            """
            {"direction":"sent","raw":"x","extra":{"a":[1,-2.5e3,"}]",null]},"conn":"b","ts":7}
             { "ts" : 8 , "conn" : "b" , "raw" : "y" }\r

            {"ts":9,"conn":"a","raw":"z","direction":"received"}
            """)
        #expect(
            records == [
                Record(received: 7, connection: "b", text: "x", isSent: true),
                Record(received: 8, connection: "b", text: "y"),
                Record(received: 9, connection: "a", text: "z"),
            ])
    }

    @Test(
        "A line that is no record is counted and skipped",
        arguments: [
            "garbage", "{}", #"{"ts":1,"conn":"a"}"#, #"{"ts":"1","conn":"a","raw":"x"}"#,
            #"{"ts":1,"conn":"a","raw":"x""#, #"{"ts":1,"conn":"a","raw":"\x"}"#,
            #"{"ts":1,"conn":"a","raw":"\ud83d"}"#,
            #"{"ts":1,"conn":"a","raw":"\u12"}"#, #"{"ts":1,"conn":"a","raw":"x\"#, #"{"ts":1,"conn":"a","raw":"x"} 1"#,
            #"{"ts":99999999999999999999,"conn":"a","raw":"x"}"#, #"{"ts":1,"e":]}],"conn":"a","raw":"x"}"#, "[", "\"",
        ])
    func malformed(line: String) throws {
        let good = #"{"ts":1,"conn":"a","raw":"ok"}"#
        let (records, reader) = try Self.records("\(good)\n\(line)\n\(good)\n")
        #expect(records.map(\.text) == ["ok", "ok"])
        #expect(reader.linesSkipped == 1)
        #expect(reader.firstSkippedLine == 2)
        #expect(reader.linesRead == 3)
    }

    @Test("Small batches and a buffer that has to grow give the same records")
    func batches() throws {
        var text = ""
        var expected: [String] = []
        for number in 0..<200 {
            let body = String(repeating: "x", count: number * number % 9_000)
            expected.append("\(number)\"\(body)")
            text += #"{"ts":\#(number),"conn":"c\#(number % 3)","raw":"\#(number)\"\#(body)"}"# + "\n"
        }
        var limits = RecordingReader.Limits()
        limits.batchBytes = 1
        limits.batchFrames = 7
        let (records, reader) = try Self.records(text, limits: limits)
        #expect(records.map(\.text) == expected)
        #expect(reader.connections == ["c0", "c1", "c2"])
    }

    @Test("A line past the limit is an error that names file and line")
    func lineTooLong() throws {
        var limits = RecordingReader.Limits()
        limits.batchBytes = 4096
        limits.lineBytes = 8192
        let text = #"{"ts":1,"conn":"a","raw":"ok"}"# + "\n" + String(repeating: "x", count: 10_000) + "\n"
        try Recordings.withTemporaryFile(text.utf8) { path in
            let reader = try RecordingReader(path: path, limits: limits)
            #expect(try reader.nextBatch())
            #expect(throws: RecordingError(.lineTooLong(limit: 8192), path: path, line: 1)) { try reader.nextBatch() }
        }
    }

    @Test("A connection name too many is refused, not stored")
    func connectionLimit() throws {
        var limits = RecordingReader.Limits()
        limits.connections = 2
        let text = (0..<5).map { #"{"ts":1,"conn":"c\#($0)","raw":"x"}"# }.joined(separator: "\n")
        let (records, reader) = try Self.records(text, limits: limits)
        #expect(records.count == 2)
        #expect(reader.connections == ["c0", "c1"])
        #expect(reader.linesSkipped == 3)
    }

    @Test("A missing file is an error")
    func missing() {
        #expect(throws: RecordingError(.cannotOpen(errno: 2), path: "/nowhere.ndjson", line: 0)) {
            try RecordingReader(path: "/nowhere.ndjson")
        }
    }

    @Test("Damaged and cut compressed files end in an error", .enabled(if: Recordings.arePresent))
    func damaged() throws {
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Recordings.smoke)))
        try Recordings.withTemporaryFile(whole.prefix(whole.count / 2)) { path in
            let reader = try RecordingReader(path: path)
            let error = #expect(throws: RecordingError.self) { try Self.drain(reader) }
            #expect(error?.kind == .truncated)
            #expect((error?.line ?? 0) > 5_000)
        }
        var broken = whole
        for index in 500_000..<500_100 { broken[index] ^= 0x55 }
        try Recordings.withTemporaryFile(broken) { path in
            let reader = try RecordingReader(path: path)
            #expect(throws: RecordingError.self) { try Self.drain(reader) }
        }
    }

    @Test(
        "The compressed recording reads the same twice, and as often as it is rewound",
        .enabled(if: Recordings.arePresent))
    func smoke() throws {
        let reader = try RecordingReader(path: Recordings.smoke)
        let first = try Self.drain(reader)
        #expect(first.count == 20_000)
        #expect(reader.linesSkipped == 0)
        #expect(reader.connections.count == 9)
        #expect(first.first?.received == 1_723_161_253_937_085_768)
        #expect(first.first?.connection == "binance_spot:ws")
        #expect(first.first?.text.hasPrefix(#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate""#) == true)
        #expect(first.allSatisfy { $0.text.last == "}" && !$0.text.contains("\\") })
        try reader.rewind()
        #expect(try Self.drain(reader) == first)
        #expect(reader.linesRead == 20_000)
    }

    @Test("Two gzip members one after the other are one recording", .enabled(if: Recordings.arePresent))
    func members() throws {
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Recordings.smoke)))
        try Recordings.withTemporaryFile(whole + whole) { path in
            let records = try Self.drain(RecordingReader(path: path))
            #expect(records.count == 40_000)
        }
    }
}
