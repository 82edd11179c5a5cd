import Glibc

extension Configuration {
    /// A configuration and what an operator should know about it.
    package struct Loaded: Sendable {
        package var configuration: Configuration
        /// Things that are allowed and probably not meant.
        package let warnings: [String]
    }

    /// Reads a file, lays the environment over it, reads the files of secrets, and checks everything.
    ///
    /// - Throws: All problems found, in order.
    package static func load(
        file: String, environment: [String: String]
    ) throws(ConfigurationError) -> Loaded {
        let text: String
        do {
            text = try ConfigurationText.read(file)
        } catch {
            let problem = ConfigurationProblem(place: .file, path: "", message: error.message)
            throw ConfigurationError(file: file, problems: [problem])
        }
        return try Self.parse(text, file: file, environment: environment)
    }

    /// Does the same for a text; `file` only stands in messages.
    package static func parse(
        _ text: String, file: String = "configuration", environment: [String: String] = [:]
    ) throws(ConfigurationError) -> Loaded {
        var reader = SettingReader(knownPaths: Self.knownPaths)
        var configuration = Configuration(instance: Self.hostName())
        do {
            let root = try ConfigurationNode.parse(text)
            reader.read(root, at: "", into: &configuration, by: Self.fields)
        } catch {
            throw ConfigurationError(file: file, problems: [error])
        }
        var warnings: [String] = []
        configuration.apply(environment: environment, reporting: &reader, warnings: &warnings)
        configuration.readSecrets(reporting: &reader)
        configuration.check(reporting: &reader, warnings: &warnings)
        guard reader.problems.isEmpty else {
            let problems = reader.problems.enumerated().sorted { left, right in
                let leftPlace = Self.order(of: left.element.place)
                let rightPlace = Self.order(of: right.element.place)
                return leftPlace == rightPlace ? left.offset < right.offset : leftPlace < rightPlace
            }
            throw ConfigurationError(file: file, problems: problems.map(\.element), omitted: reader.omitted)
        }
        return Loaded(configuration: configuration, warnings: warnings)
    }

    private static func order(of place: ConfigurationProblem.Place) -> Int {
        switch place {
        case .file: 0
        case .line(let line): line
        case .environment: .max
        }
    }

    /// The host's name, cut to what a message's `instance` may be.
    private static func hostName() -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let code = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { buffer in
                buffer.baseAddress.map { gethostname($0, buffer.count - 1) } ?? -1
            }
        }
        guard code == 0 else { return "sluice" }
        let name = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        do {
            return try SettingParser.name(upTo: 64).parse(name)
        } catch {
            return error.nearest ?? "sluice"
        }
    }

    /// Takes secrets from the files that name them, and looks that the other files can be read.
    private mutating func readSecrets(reporting reader: inout SettingReader) {
        if let file = self.nats.passwordFile, self.nats.password == nil {
            self.nats.password = Self.secret(file, at: "nats.password_file", reporting: &reader)
        }
        if let file = self.nats.tokenFile, self.nats.token == nil {
            self.nats.token = Self.secret(file, at: "nats.token_file", reporting: &reader)
        }
        let files: [(String, String?)] = [
            ("transport.ca_file", self.transport.caFile), ("nats.credentials_file", self.nats.credentialsFile),
            ("nats.tls.ca_file", self.nats.tls.caFile), ("nats.tls.certificate_file", self.nats.tls.certificateFile),
            ("nats.tls.key_file", self.nats.tls.keyFile), ("simulator.recording", self.simulator?.recording),
        ]
        for (path, file) in files {
            guard let file, access(file, R_OK) != 0 else { continue }
            reader.report(at: path, "\(TerminalText.escaped(file)) cannot be read")
        }
    }

    private static func secret(_ file: String, at path: String, reporting reader: inout SettingReader) -> Secret? {
        do {
            return try Secret.read(file)
        } catch {
            reader.report(at: path, "\(TerminalText.escaped(file)): \(error.message)")
            return nil
        }
    }
}
