import Foundation
import Testing

@Suite("docs/lessons.md")
struct LessonsTests {
    private static let root = URL(fileURLWithPath: TestPaths.root)

    /// The files of the tests, by `<target>/<name>`; those of a suite's extensions, `<name>+<theme>`, count as its own.
    private static func sources() throws -> [String: String] {
        let folder = Self.root.appendingPathComponent("Tests")
        let walk = try #require(FileManager.default.enumerator(atPath: folder.path))
        var sources: [String: String] = [:]
        for case let path as String in walk where path.hasSuffix(".swift") && path.contains("Tests") {
            let parts = path.split(separator: "/")
            guard let target = parts.first, let file = parts.last?.dropLast(6) else { continue }
            let name = file.prefix { $0 != "+" }
            guard name.hasSuffix("Tests") else { continue }
            let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
            sources["\(target)/\(name)", default: ""] += text
        }
        return sources
    }

    @Test("Every test and trial that the page names exists, and every line names one or says that none holds it")
    func namedTestsExist() throws {
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/lessons.md"), encoding: .utf8)
        let sources = try Self.sources()
        var named = 0
        for line in page.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| seen |") {
            let cells = line.split(separator: "|")
            #expect(cells.count == 3, "\(line)")
            guard let cell = cells.last else { continue }
            let tests = cell.matches(of: /`([A-Za-z]+\/[A-Za-z]+)`: "([^"]*)"/)
            let trials = cell.matches(of: /`(scripts\/trials\/[a-z]+)`/)
            #expect(!tests.isEmpty || cell.contains("*Not held*"), "\(line)")
            for test in tests {
                let source = sources[String(test.output.1)]
                let isThere = source?.contains("@Test(\"\(test.output.2)\"") ?? false
                let isWrapped = source?.contains("@Test(\n        \"\(test.output.2)\"") ?? false
                #expect(isThere || isWrapped, "\(test.output.0)")
                named += 1
            }
            for trial in trials {
                let path = Self.root.appendingPathComponent(String(trial.output.1)).path
                #expect(FileManager.default.fileExists(atPath: path), "\(path)")
            }
        }
        #expect(named > 80)
    }
}
