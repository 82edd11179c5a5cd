import Foundation

@testable import Collector

/// Configuration files, and texts with units; what is said of them can be printed.
enum ConfigurationFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        // Files with zero bytes or bad UTF-8 are refused before they are parsed.
        guard !input.contains(0), let text = String(validating: input, as: UTF8.self) else { return }
        Self.units(text)
        do {
            let loaded = try Configuration.parse(text)
            let lines = CollectionPlan(loaded.configuration).lines() + loaded.warnings
            require(lines.allSatisfy(Self.isPrintable), "a plan that cannot be printed: \(lines)")
        } catch {
            let description = String(describing: error)
            require(!error.problems.isEmpty, "refused without a reason")
            require(
                description.split(separator: "\n").allSatisfy { Self.isPrintable(String($0)) },
                "a problem that cannot be printed: \(description.debugDescription)")
        }
    }

    private static func units(_ text: String) {
        if let duration = DurationText.parse(text) {
            require(DurationText.parse(DurationText.format(duration)) == duration, "\(text) is written as another time")
        }
        if let size = ByteSize(text: text) {
            require(ByteSize(text: size.description)?.bytes == size.bytes, "\(text) is written as another size")
        }
        if let address = HostPort(text: text) {
            require(HostPort(text: address.description) == address, "\(text) is written as another address")
        }
        _ = ServerAddress.parse(text)
    }

    private static func isPrintable(_ line: String) -> Bool {
        line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
