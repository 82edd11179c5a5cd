import Foundation
import Testing

@testable import Collector

@Suite("The sign of life on disk")
struct LifeSignTests {
    private static func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "sluice-alive-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    @Test("The next one knows when the last was alive, of the connections that it had, each once")
    func next() throws {
        try Self.withDirectory { directory in
            let first = LifeSign(directory: directory)
            #expect(first.takeLastSeen("a-0", now: 9) == nil)
            #expect(first.beat(now: 100, connections: ["a-0", "b-0", "long-name-0"]))
            #expect(first.beat(now: 200, connections: ["a-0", "b-0"]))
            #expect(first.beat(now: 300, connections: ["a-0", "b-0"]))
            let second = LifeSign(directory: directory)
            #expect(second.takeLastSeen("a-0", now: 400) == 300)
            #expect(second.takeLastSeen("a-0", now: 400) == nil, "opened once more, it was not away for a restart")
            #expect(second.takeLastSeen("long-name-0", now: 400) == nil, "given up before")
            #expect(second.takeLastSeen("b-0", now: 300) == nil, "a clock that was set back tells nothing")
            // Until it has connections, what stands there is still the truth.
            #expect(second.beat(now: 500, connections: []))
            #expect(LifeSign(directory: directory).takeLastSeen("b-0", now: 600) == 300)
        }
    }

    @Test("Text that is none of ours, a directory that is not there and one that cannot be written are no trouble")
    func strange() throws {
        try Self.withDirectory { directory in
            for text in ["", "\n", "x\na-0\n", "-5\na-0\n", "99999999999999999999\na-0", "\u{0}\u{ff}"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/alive"))
                #expect(LifeSign(directory: directory).takeLastSeen("a-0", now: .max) == nil, "\(text)")
            }
            let missing = LifeSign(directory: directory + "/nowhere")
            #expect(missing.takeLastSeen("a-0", now: 1) == nil)
            #expect(!missing.beat(now: 1, connections: ["a-0"]))
        }
    }
}
