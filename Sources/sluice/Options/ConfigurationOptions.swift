import ArgumentParser
import Collector
import Glibc

/// Where the configuration comes from, for all commands that read one.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file (YAML).", valueName: "file"))
    var config: String

    /// Reads the file with the environment laid over it; warnings go to standard error.
    ///
    /// - Throws: `ExitStatus.configuration`, after all problems were printed to standard error.
    func load() throws -> Configuration.Loaded { try Self.load(self.config) }

    /// The same for a command to which the file is an option.
    static func load(_ file: String) throws -> Configuration.Loaded {
        let loaded: Configuration.Loaded
        do {
            loaded = try Configuration.load(file: file, environment: ProcessEnvironment.variables)
        } catch {
            StandardError.write("\(error)\n")
            throw ExitStatus.configuration
        }
        for warning in loaded.warnings { StandardError.write("warning: \(warning)\n") }
        return loaded
    }
}
