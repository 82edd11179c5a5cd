extension Configuration {
    /// The variables that override the file, in the order of the reference.
    package static let environmentVariables: [(name: String, meaning: String)] = [
        ("SLUICE_INSTANCE", "instance"),
        ("SLUICE_STATE_DIRECTORY", "state_directory"),
        ("SLUICE_HTTP_LISTEN", "http.listen"),
        ("SLUICE_NATS_URL", "nats.servers, separated by commas; user and password may stand in the first address"),
        ("SLUICE_NATS_USER", "nats.user"),
        ("SLUICE_NATS_PASSWORD", "the password, before nats.password_file"),
        ("SLUICE_NATS_TOKEN", "the token, before nats.token_file"),
        ("SLUICE_NATS_CREDS", "nats.credentials_file"),
    ]

    /// Lays the environment's values over the file's. Values of secrets never reach a message.
    mutating func apply(
        environment: [String: String], reporting reader: inout SettingReader, warnings: inout [String]
    ) {
        let known = Self.environmentVariables.map(\.name)
        for name in environment.keys.sorted() where name.hasPrefix("SLUICE_") && !known.contains(name) {
            let advice = NearestName.advice(for: name, among: known)
            warnings.append("environment \(TerminalText.escaped(name, limit: 64)) is not read; \(advice)")
        }
        self.take(\.instance, "SLUICE_INSTANCE", "instance", .name(upTo: 64), environment, &reader)
        self.take(\.stateDirectory, "SLUICE_STATE_DIRECTORY", "state_directory", .path, environment, &reader)
        self.take(\.http.listen, "SLUICE_HTTP_LISTEN", "http.listen", .hostPort, environment, &reader)
        self.takeServers(environment, &reader)
        self.take(\.nats.user, "SLUICE_NATS_USER", "nats.user", SettingParser.userName.wrapped, environment, &reader)
        let file = SettingParser.path.wrapped
        self.take(\.nats.credentialsFile, "SLUICE_NATS_CREDS", "nats.credentials_file", file, environment, &reader)
        if let password = environment["SLUICE_NATS_PASSWORD"], !password.isEmpty {
            self.nats.password = Secret(password)
        }
        if let token = environment["SLUICE_NATS_TOKEN"], !token.isEmpty { self.nats.token = Secret(token) }
    }

    /// Takes one variable; an empty one counts as not set.
    private mutating func take<Value>(
        _ target: WritableKeyPath<Configuration, Value>, _ name: String, _ path: String,
        _ parser: SettingParser<Value>, _ environment: [String: String], _ reader: inout SettingReader
    ) {
        guard let text = environment[name], !text.isEmpty else { return }
        do {
            self[keyPath: target] = try parser.parse(text)
        } catch {
            let found = "found \"\(TerminalText.escaped(text, limit: 64))\""
            let advice = error.nearest.map { "; did you mean \(TerminalText.escaped($0, limit: 80))?" } ?? ""
            reader.report(
                ConfigurationProblem(
                    place: .environment(name), path: path, message: "expected \(error.expected), \(found)\(advice)"))
        }
    }

    private mutating func takeServers(_ environment: [String: String], _ reader: inout SettingReader) {
        let name = "SLUICE_NATS_URL"
        guard let text = environment[name], !text.isEmpty else { return }
        var servers: [ServerAddress] = []
        for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            guard let parsed = ServerAddress.parse(String(trimmed)), index < 64 else {
                reader.report(
                    ConfigurationProblem(
                        place: .environment(name), path: "nats.servers",
                        message: "address \(index + 1) is not like nats://127.0.0.1:4222 or tls://nats.example.com"))
                return
            }
            servers.append(parsed.server)
            if index == 0, let user = parsed.user {
                self.nats.user = user
                self.nats.password = parsed.password
            }
        }
        self.nats.servers = servers
    }
}

extension SettingParser {
    /// The same parser for a setting that may be left out.
    fileprivate var wrapped: SettingParser<Value?> {
        SettingParser<Value?>(kind: self.kind, example: self.example) { text throws(SettingRefusal) in
            try self.parse(text)
        } format: {
            $0.map(self.format) ?? ""
        }
    }
}
