/// Short numbers for people; never what a message carries.
enum HumanNumber {
    /// `7.5`, `950`, `12.3k`, `4.0M`.
    static func rate(_ value: Double) -> String {
        guard value.isFinite, value >= 0 else { return "-" }
        switch value {
        case ..<9.95: return Self.tenths(value)
        case ..<9_995: return "\(Int(value.rounded()))"
        case ..<999_500: return Self.tenths(value / 1e3) + "k"
        case ..<1e12: return Self.tenths(value / 1e6) + "M"
        default: return ">1T"
        }
    }

    /// `850us`, `12.5ms`, `3.2s`, `4m10s`, `2h05m`, `3d04h`.
    static func duration(_ value: Duration?) -> String {
        guard let value, value >= .zero else { return "-" }
        let (seconds, attoseconds) = value.components
        let microseconds = Double(attoseconds) / 1e12
        switch seconds {
        case 0 where microseconds < 999.5: return "\(Int(microseconds.rounded()))us"
        case 0: return Self.tenths(microseconds / 1e3) + "ms"
        case ..<60: return Self.tenths(Double(seconds) + microseconds / 1e6) + "s"
        case ..<3_600: return "\(seconds / 60)m\(Self.twoDigits(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3_600)h\(Self.twoDigits(seconds % 3_600 / 60))m"
        default: return "\(seconds / 86_400)d\(Self.twoDigits(seconds % 86_400 / 3_600))h"
        }
    }

    /// `512B`, `1.5MiB`.
    static func bytes(_ value: ByteSize) -> String {
        var size = Double(max(0, value.bytes))
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if size < 1_023.95 { return unit == "B" ? "\(Int(size))B" : Self.tenths(size) + unit }
            size /= 1_024
        }
        return Self.tenths(size) + "TiB"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func twoDigits(_ value: Int64) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
