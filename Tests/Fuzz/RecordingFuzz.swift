import Foundation

@testable import ExchangeSimulator

/// Lines of recordings and clients' commands, as the simulator reads them.
enum RecordingFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        withExactCopy(input) { copy in
            _ = ClientCommand(parsing: UnsafeRawBufferPointer(copy))
            _ = RecordedEvent(parsing: UnsafeRawBufferPointer(copy))
            _ = RecordedEvent.snapshot(parsing: UnsafeRawBufferPointer(copy))
            Self.line(copy)
        }
    }

    /// Where Foundation reads the line too, it reads the same text.
    private static func line(_ copy: UnsafeMutableRawBufferPointer) {
        let object = (try? JSONSerialization.jsonObject(with: Data(copy))) as? [String: Any]
        var line = RecordingLine(
            bytes: copy.withMemoryRebound(to: UInt8.self) { $0.baseAddress! }, range: 0..<copy.count)
        guard line.parse(), let raw = line.raw else { return }
        require(raw.upperBound <= copy.count, "a text behind its line")
        guard let expected = object?["raw"] as? String else { return }
        require(copy[raw].elementsEqual(expected.utf8), "not \(expected.debugDescription)")
        _ = RecordedEvent(parsing: UnsafeRawBufferPointer(rebasing: copy[raw]))
    }
}
