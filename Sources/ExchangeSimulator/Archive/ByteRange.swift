/// Which bytes of a file a request asks for, of the one range that a `Range` header names (RFC 9110, section 14).
enum ByteRange: Equatable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// - Parameters:
    ///   - header: `bytes=100-199`, `bytes=100-` or `bytes=-100`; others ask for the whole.
    ///   - condition: The value of `If-Range`: with another tag the whole is wanted.
    init(_ header: String?, condition: String?, tag: String, count: Int) {
        guard let header, header.hasPrefix("bytes="), condition == nil || condition == tag else {
            self = .whole
            return
        }
        let bounds = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            self = .whole
            return
        }
        switch (Int(bounds[0]), Int(bounds[1])) {
        case (let first?, nil) where bounds[1].isEmpty:
            self = first < count ? .part(first..<count) : .unsatisfiable
        case (let first?, let last?) where first <= last:
            self = first < count ? .part(first..<min(last, count - 1) + 1) : .unsatisfiable
        case (nil, let length?) where bounds[0].isEmpty:
            self = length > 0 && count > 0 ? .part(max(count - length, 0)..<count) : .unsatisfiable
        default: self = .whole
        }
    }
}
