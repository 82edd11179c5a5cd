/// An exact number of bytes, written `64KiB`, `16MiB`, `1GiB`.
package struct ByteSize: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bytes: Int

    package init(_ bytes: Int) {
        self.bytes = bytes
    }

    package static func kibibytes(_ count: Int) -> ByteSize { ByteSize(count << 10) }
    package static func mebibytes(_ count: Int) -> ByteSize { ByteSize(count << 20) }
    package static func gibibytes(_ count: Int) -> ByteSize { ByteSize(count << 30) }

    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// Parses digits and a unit without a space between; nil for anything else and past 64 bits.
    package init?(text: String) {
        guard let (digits, unit) = UnitText.split(text) else { return nil }
        guard let scale = Self.units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (bytes, overflow) = digits.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    /// What was probably meant: the number with the nearest unit.
    static func nearest(to text: String) -> String? {
        guard let digits = UnitText.digits(of: text) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let meant: [String: String] = [
            "k": "KiB", "kb": "KiB", "kib": "KiB", "m": "MiB", "mb": "MiB", "mib": "MiB", "g": "GiB", "gb": "GiB",
            "gib": "GiB", "t": "TiB", "tb": "TiB", "tib": "TiB", "b": "B",
        ]
        return meant[unit].map { digits + $0 }
    }

    package static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    /// With the largest unit that is exact.
    package var description: String {
        for unit in Self.units where self.bytes != 0 && self.bytes % unit.bytes == 0 {
            return "\(self.bytes / unit.bytes)\(unit.name)"
        }
        return "\(self.bytes)B"
    }
}
