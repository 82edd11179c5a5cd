/// One thing that is wrong with a configuration, and where.
package struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the wrong value stands.
    package enum Place: Hashable, Sendable {
        /// A line of the file, from 1.
        case line(Int)
        /// The file as a whole.
        case file
        /// An environment variable.
        case environment(String)
    }

    package let place: Place
    /// The setting's path, `books.depth`; empty where no setting is concerned.
    package let path: String
    /// What is wrong and what would be right, safe to print.
    package let message: String

    package init(place: Place, path: String, message: String) {
        self.place = place
        self.path = path
        self.message = message
    }

    package var description: String {
        let subject = self.path.isEmpty ? self.message : "\(self.path): \(self.message)"
        return switch self.place {
        case .line(let line): "line \(line): \(subject)"
        case .file: subject
        case .environment(let name): "environment \(name): \(subject)"
        }
    }
}

/// Everything that is wrong with a configuration, found in one pass.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The most problems listed; the rest is only counted.
    package static let limit = 50

    /// The file's path as it was given.
    package let file: String
    /// In order of place: the file, its lines, the environment.
    package let problems: [ConfigurationProblem]
    /// How many more there were.
    package let omitted: Int

    package init(file: String, problems: [ConfigurationProblem], omitted: Int = 0) {
        self.file = file
        self.problems = problems
        self.omitted = omitted
    }

    /// One line a problem, each beginning with the file.
    package var description: String {
        var lines = self.problems.map { problem in
            switch problem.place {
            case .line, .file: "\(TerminalText.escaped(self.file)): \(problem)"
            case .environment: problem.description
            }
        }
        if self.omitted > 0 { lines.append("and \(self.omitted) more") }
        return lines.joined(separator: "\n")
    }
}
