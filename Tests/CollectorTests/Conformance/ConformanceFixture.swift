import Foundation
import MarketModel
import Venues

/// What a section of a venue says, for the checks that every section passes: a file of lines `key text`.
///
/// Lines that start with `=` behind a line tell what it gives: an event each, or the top of a book. `$ID`, `$OP`,
/// `$NAMES`, `$NAME`, `$1` and `$2` stand for the request's id and verb, the streams asked for, one stream, and its
/// parts around a colon.
struct ConformanceFixture: Sendable {
    struct Entry: Sendable {
        let key: String
        let text: String
        fileprivate(set) var gives: [String] = []
    }

    /// Why a section cannot be checked.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/Conformance")

    let section: SegmentID
    let entries: [Entry]

    static func path(of section: SegmentID) -> String {
        "Tests/CollectorTests/Fixtures/Conformance/\(section.venue)/\(section.name).frames"
    }

    init(of section: SegmentID) throws(Missing) {
        let file = Self.folder.appending(path: "\(section.venue)/\(section.name).frames")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw Missing(
                description: "no fixtures for \(section): add \(Self.path(of: section)); its keys are those of "
                    + ConformanceNeeds.keys.keys.sorted().joined(separator: ", "))
        }
        self.section = section
        var entries: [Entry] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            if parts[0] == "=", let last = entries.indices.last {
                entries[last].gives.append(parts.count > 1 ? parts[1] : "")
            } else {
                entries.append(Entry(key: parts[0], text: parts.count > 1 ? parts[1] : ""))
            }
        }
        self.entries = entries
    }

    func all(_ key: String) -> [Entry] { self.entries.filter { $0.key == key } }

    func has(_ key: String) -> Bool { self.entries.contains { $0.key == key } }

    /// The text of a key that the section needs.
    func text(_ key: String) throws(Missing) -> String {
        guard let entry = self.entries.first(where: { $0.key == key }) else { throw self.missing(key) }
        return entry.text
    }

    func missing(_ key: String) -> Missing {
        Missing(
            description: "add a line `\(key) …` to \(Self.path(of: self.section)): "
                + (ConformanceNeeds.keys[key] ?? "frames as the venue sends them, one a line"))
    }

    /// The two instruments that the frames speak of, by the venue's symbols.
    func symbols() throws(Missing) -> [String] {
        let symbols = try self.text("symbols").split(separator: " ").map(String.init)
        guard symbols.count == 2 else { throw self.missing("symbols") }
        return symbols
    }

    /// A text with what stands for a request and its streams filled in.
    static func fill(
        _ text: String, id: String = "", verb: String = "", stream: VenueStream? = nil, names: [String] = []
    ) -> String {
        let name = stream?.name ?? ""
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        return text.replacing("$ID", with: id).replacing("$OP", with: verb)
            .replacing("$NAMES", with: names.map { "\"\($0)\"" }.joined(separator: ","))
            .replacing("$NAME", with: name).replacing("$1", with: parts.first ?? "")
            .replacing("$2", with: parts.last ?? "")
    }
}
