import Foundation
import Testing
import Venues

@testable import Collector

@Suite("The reference of all keys")
struct ConfigurationReferenceTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A configuration of one key, nested as its path says.
    private static func text(_ path: [String], _ value: String) -> String {
        var lines: [String] = []
        for (depth, key) in path.enumerated() {
            let blanks = String(repeating: " ", count: depth * 2)
            lines.append(depth == path.count - 1 ? "\(blanks)\(key): \(value)" : "\(blanks)\(key):")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func problems(of text: String) -> [ConfigurationProblem] {
        do {
            _ = try Configuration.parse(text)
            return []
        } catch {
            return error.problems
        }
    }

    @Test(
        "Every documented key takes its example, at its line",
        arguments: Configuration.rows.filter { !$0.isSection })
    func takesItsExample(row: SettingRow) {
        let problems = Self.problems(of: Self.text(row.path, row.example))
        let wrong = problems.filter { problem in
            problem.message.hasPrefix("expected") || problem.message.hasPrefix("unknown key")
        }
        #expect(wrong.isEmpty)
    }

    @Test(
        "Every documented key, misspelt, is refused with its line and the right name",
        arguments: Configuration.rows.filter { $0.path.count > 0 })
    func refusesMisspelt(row: SettingRow) throws {
        let name = try #require(row.path.last)
        let path = Array(row.path.dropLast()) + ["\(name)q"]
        let problem = try #require(
            Self.problems(of: Self.text(path, row.isSection ? "{}" : row.example)).first {
                $0.message.hasPrefix("unknown key \(name)q;")
            })
        #expect(problem.place == .line(row.path.count))
        #expect(problem.message == "unknown key \(name)q; did you mean \(name)?")
    }

    @Test("Every documented key refuses a section in its place", arguments: Configuration.rows.filter { !$0.isSection })
    func refusesSection(row: SettingRow) {
        let problems = Self.problems(of: Self.text(row.path, "{q: 1}"))
        #expect(problems.contains { $0.path == row.path.joined(separator: ".") && $0.message.hasPrefix("expected") })
    }

    @Test("docs/configuration.md holds exactly the tables of the keys")
    func documentIsCurrent() throws {
        let file = Self.root.appending(path: "docs/configuration.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let mark = "<!-- keys -->\n"
        let start = try #require(text.range(of: mark))
        let expected = Configuration.reference
        if ProcessInfo.processInfo.environment["SLUICE_WRITE_REFERENCE"] != nil {
            try (text[..<start.upperBound] + "\n" + expected).write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start.upperBound...] == "\n" + expected)
        }
    }

    @Test("The files in Config are right", arguments: ["demo.yaml", "collector.yaml"])
    func filesAreRight(name: String) throws {
        let file = Self.root.appending(path: "Config/\(name)").path
        let loaded = try Configuration.load(file: file, environment: [:])
        #expect(loaded.warnings.isEmpty)
        #expect(
            loaded.configuration.venues.segments.map(\.segment.id.description)
                == VenueCatalog.segments.map(\.id.description))
        #expect(CollectionPlan(loaded.configuration).books == 12)
        #expect((loaded.configuration.simulator != nil) == (name == "demo.yaml"))
    }
}
