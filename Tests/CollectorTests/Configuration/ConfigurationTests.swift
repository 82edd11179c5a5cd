import Foundation
import Publishing
import Testing
import Venues

@testable import Collector

@Suite("Configuration")
struct ConfigurationTests {
    private static let spot = "venues: {binance: {spot: {symbols: [BTCUSDT]}}}\n"

    private static func load(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
        try Configuration.parse(text, environment: environment).configuration
    }

    private static func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try Configuration.parse(text, environment: environment)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("What is left out has its default")
    func defaults() throws {
        let configuration = try Self.load(Self.spot)
        #expect(configuration.books.depth == 100)
        #expect(configuration.books.refreshThreshold == 300)
        #expect(configuration.nats.modes.trade == .jetstream)
        #expect(configuration.venues[BinanceSegment.spot.id]?.types == [.trade, .orderbook, .bbo, .instrument])
        #expect(configuration.venues[BinanceSegment.usdm.id] == nil)
        #expect(configuration.simulator == nil)
        #expect(!configuration.instance.isEmpty)
    }

    @Test("Every type that a stream may store has a mode of its own, by default the type's")
    func modes() throws {
        #expect(ModeSettings().publishModes == PublishModes())
        for type in MessageType.allCases where type != .gap {
            let other = type.defaultMode == .core ? "jetstream" : "core"
            let configuration = try Self.load(Self.spot + "\nnats: {modes: {\(type.token): \(other)}}\n")
            var expected = PublishModes()
            expected[type] = type.defaultMode == .core ? .jetstream : .core
            #expect(configuration.nats.modes.publishModes == expected, "\(type)")
        }
    }

    @Test("All problems of a file come at once, in order of lines")
    func allAtOnce() {
        let text = """
            books:
              dept: 100
              crossed_for: 5
            log: {level: warn, format: xml}
            transport:
              deflate: yes
              max_message: 16MB
              connect_timeout: 24h
            \(Self.spot)
            """
        #expect(
            Self.problems(text) == [
                "line 2: books: unknown key dept; did you mean depth?",
                "line 3: books.crossed_for: expected duration, 100ms to 1m, such as 100ms, 1s, 5m, 24h, found \"5\"; "
                    + "did you mean 5s?",
                "line 4: log.level: expected one of trace, debug, info, notice, warning, error, critical, "
                    + "found \"warn\"; did you mean warning?",
                "line 4: log.format: expected one of human, json, found \"xml\"",
                "line 6: transport.deflate: expected true or false, found \"yes\"; did you mean true?",
                "line 7: transport.max_message: expected size, 64KiB to 1GiB, such as 64KiB, 16MiB, 1GiB, "
                    + "found \"16MB\"; did you mean 16MiB?",
                "line 8: transport.connect_timeout: expected duration, 100ms to 5m, found \"24h\"; did you mean 5m?",
            ])
    }

    @Test("A list of problems is bounded, and says how many more there are")
    func boundedProblems() throws {
        let keys = (0..<200).map { "unheard_of_\($0): 1" }.joined(separator: "\n")
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(keys) }
        #expect(error?.problems.count == ConfigurationError.limit)
        #expect(error?.omitted == 151)
        #expect(error?.description.hasSuffix("and 151 more") == true)
    }

    @Test("A key of another section is sent there")
    func misplacedKey() {
        #expect(
            Self.problems(Self.spot + "retain: 500\n") == ["line 2: unknown key retain; did you mean books.retain?"])
    }

    @Test("A key given twice is refused")
    func duplicateKey() {
        #expect(Self.problems("log: {level: info, level: debug}\n") == ["line 1: key given more than once: level"])
    }

    @Test(
        "YAML that could grow without bound is refused before it is parsed",
        arguments: [
            ("a: &x [1]\nb: [*x, *x]\n", "line 1: anchors and aliases"),
            ("a: 1\nb: {\"c\":*x}\n", "line 2: anchors and aliases"),
            ("a: !!binary abc\n", "line 1: tags"),
            ("a: |\n  'text\n", "line 1: block text"),
            (String(repeating: "[", count: 5_000), "line 1: nested too deeply"),
            (String(repeating: "- ", count: 5_000), "line 1: nested or indented too deeply"),
            ("a:\n" + String(repeating: " ", count: 70) + "b: 1\n", "line 2: nested or indented too deeply"),
        ])
    func hostileYAML(text: String, expected: String) {
        let problems = Self.problems(text)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true)
    }

    @Test("Quoted text may hold the characters of anchors, tags and comments")
    func quotedText() throws {
        let text = Self.spot + "state_directory: \"./a & *b # !c\" # comment with ' and [\nhttp: {enabled: false}\n"
        #expect(try Self.load(text).stateDirectory == "./a & *b # !c")
    }

    @Test("Text that is no YAML, and a file that is a list, say so", arguments: ["a: [1\n", "a: b: c\n", "\"a\n"])
    func brokenYAML(text: String) {
        #expect(Self.problems(text).first?.contains("not YAML") == true)
    }

    @Test("A file that is a list is no configuration")
    func listAtTop() {
        let expected = "line 1: the file is a section with keys (instance,"
        #expect(Self.problems("- a\n").contains { $0.hasPrefix(expected) })
    }

    @Test("Files that cannot be read are named with the reason")
    func unreadableFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let large = folder.appending(path: "large.yaml").path
        let binary = folder.appending(path: "binary.yaml").path
        try Data(repeating: UInt8(ascii: "#"), count: 256 * 1024 + 1).write(to: URL(fileURLWithPath: large))
        try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: binary))
        for (path, reason) in [
            (folder.appending(path: "none.yaml").path, "no such file"), (folder.path, "not a regular file"),
            (large, "larger than 256KiB"), (binary, "not UTF-8 text"),
        ] {
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(file: path, environment: [:])
            }
            #expect(error?.description == "\(path): \(reason)")
        }
    }

    @Test("Control characters of the file never reach a message")
    func escapesKeys() {
        let problems = Self.problems(Self.spot + "\"\\e[31mred\": 1\n")
        #expect(problems.first?.hasPrefix("line 2: unknown key \\u{1b}[31mred;") == true)
    }

    @Test("The environment overrides the file")
    func environment() throws {
        let configuration = try Self.load(
            Self.spot + "nats: {servers: [\"nats://one\"], user: file}\n",
            [
                "SLUICE_NATS_URL": "nats://127.0.0.1:4333, tls://two", "SLUICE_NATS_USER": "me",
                "SLUICE_NATS_PASSWORD": "hunter2", "SLUICE_HTTP_LISTEN": "[::1]:9", "SLUICE_INSTANCE": "other",
                "SLUICE_STATE_DIRECTORY": "/tmp/s",
            ])
        #expect(configuration.nats.servers.map(\.description) == ["nats://127.0.0.1:4333", "tls://two:4222"])
        #expect(configuration.nats.user == "me")
        #expect(configuration.nats.password?.revealed == "hunter2")
        #expect(configuration.http.listen == HostPort(host: "::1", port: 9))
        #expect(configuration.instance == "other")
        #expect(configuration.stateDirectory == "/tmp/s")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(!String(reflecting: configuration).contains("hunter2"))
    }

    @Test("User and password in SLUICE_NATS_URL are taken out of the address")
    func credentialsInVariable() throws {
        let nats = try Self.load(Self.spot, ["SLUICE_NATS_URL": "nats://me:hunter2@host:4222"]).nats
        #expect(nats.servers.map(\.description) == ["nats://host:4222"])
        #expect(nats.user == "me")
        #expect(nats.password?.revealed == "hunter2")
    }

    @Test("A wrong variable is named; an unknown one is a warning")
    func wrongEnvironment() throws {
        #expect(
            Self.problems(Self.spot, ["SLUICE_HTTP_LISTEN": "8080"]) == [
                "environment SLUICE_HTTP_LISTEN: http.listen: expected host:port, such as 127.0.0.1:8080 or [::1]:8080, "
                    + "found \"8080\""
            ])
        let warnings = try Configuration.parse(Self.spot, environment: ["SLUICE_NATS_URI": "x"]).warnings
        #expect(warnings == ["environment SLUICE_NATS_URI is not read; did you mean SLUICE_NATS_URL?"])
    }

    @Test("Shared limits warn of what is heavier than a process's own part")
    func sharedLimits() throws {
        func warnings(_ shared: String) throws -> [String] {
            let text = """
                venues: {okx: {spot: {symbols: [BTC-USDT]}}, binance: {spot: {symbols: [BTCUSDT]}}}
                nats: {servers: ["nats://127.0.0.1:4222"]}
                limits: {shared: {\(shared)}}
                """
            return try Configuration.parse(text).warnings
        }
        #expect(try warnings("enabled: false, members: 32, fallback_percent: 1").isEmpty)
        // Two connections a second are one for each of two, and none for each of three.
        #expect(try warnings("enabled: true, members: 2").isEmpty)
        let three = try warnings("enabled: true, members: 3")
        #expect(three.count == 1)
        #expect(three.first?.hasPrefix("limits.shared: okx connections: 0 of 2") == true)
    }

    @Test("A secret in the file is refused and not repeated")
    func inlineSecrets() {
        let problems = Self.problems(
            Self.spot + "nats: {password: hunter2, token: hunter2, servers: [\"nats://a:hunter2@b\"]}\n")
        #expect(problems.count == 3)
        #expect(problems.allSatisfy { !$0.contains("hunter2") })
        #expect(problems.first?.contains("SLUICE_NATS_PASSWORD") == true)
    }

    @Test("A password comes from its file, without the line's end")
    func passwordFile() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
        try Data("hunter2\n".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let text = Self.spot + "nats: {servers: [\"nats://a\"], user: me, password_file: \(file)}\n"
        #expect(try Self.load(text).nats.password?.revealed == "hunter2")
        #expect(
            Self.problems(text.replacingOccurrences(of: file, with: "\(file).none"))
                == ["line 2: nats.password_file: \(file).none: no such file"])
    }

    @Test(
        "What does not fit together is refused at its line",
        arguments: [
            ("books: {depth: 2000, retain: 2000}", "line 1: venues.binance.spot.snapshot_limit: 1000 is less than"),
            ("books: {depth: 500, retain: 400}", "line 2: books.retain: 400 is less than books.depth (500)"),
            ("books: {refresh_below: 50}", "line 2: books.refresh_below: 50 is less than books.depth (100)"),
            ("books: {refresh_below: 5000}", "line 2: books.refresh_below: 5000 is more than books.retain (1000)"),
            ("http: {listen: \"0.0.0.0:8080\"}", "line 2: http.listen: 0.0.0.0:8080 is reached by other machines"),
            ("nats: {prefix: \"a b\"}", "line 2: nats.prefix: expected empty, or letters"),
            ("nats: {modes: {trades: core}}", "line 2: nats.modes: unknown key trades; did you mean trade?"),
            ("nats: {embedded: {enabled: false}}", "line 2: nats.embedded.enabled: no server"),
            ("nats: {user: me}", "line 2: nats.user: a user without a password"),
            ("nats: {tls: {key_file: /dev/null}}", "line 2: nats.tls: certificate_file and key_file belong together"),
            ("nats: {streams: {last: {name: GAPS}}}", "line 2: nats.streams: two streams have the same name"),
            (
                "nats: {embedded: {max_file: 5GiB}, streams: {last: {max_bytes: 600MiB}}}",
                "line 2: nats.embedded.max_file: 5GiB is less than the 5208MiB that"
            ),
            (
                "nats: {streams: {last: {storage: memory}}}",
                "line 2: nats.embedded.max_memory: 256MiB is less than the 512MiB that"
            ),
            (
                "limits: {binance: {spot_weight_per_minute: 490, use_percent: 10}}",
                "line 2: limits.binance.spot_weight_per_minute: 49 of it may be used (use_percent), less than the weight 50"
            ),
            ("transport: {ping_interval: 20s}", "line 2: transport: unknown key ping_interval"),
        ])
    func rules(text: String, expected: String) {
        let problems = Self.problems(Self.spot + text + "\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true)
    }

    @Test(
        "A segment's symbols and types are checked",
        arguments: [
            ("spot: {symbols: [BTCUSDT, ETHUSDT, BTCUSDT]}", "BTCUSDT is listed twice, first on line 1"),
            ("spot: {symbols: []}", "no symbols"),
            ("spot: {symbols: [btcusdt]}", "did you mean BTCUSDT?"),
            ("spot: {symbols: [\"A\\u200bB\"]}", "expected symbol as the venue spells it"),
            ("spot: {symbols: [A], types: []}", "no types"),
            ("spot: {symbols: [A], types: [instrument]}", "instrument alone open no connection"),
            ("spot: {symbols: [A], types: [funding_rate]}", "a spot market has none"),
            ("usdm: {symbols: [A], types: [volatility_index]}", "Binance publishes none"),
            ("usdm: {symbols: [A], snapshot_limit: 600}", "did you mean 1000?"),
            ("usdm: {symbols: [A], websocket: \"https://a\"}", "expected an address with wss:// or ws://"),
            ("usd: {symbols: [A]}", "unknown key usd; did you mean usdm?"),
        ])
    func segments(text: String, expected: String) {
        let other = text.hasPrefix("spot") ? "usdm" : "spot"
        let problems = Self.problems("venues: {binance: {\(text), \(other): {symbols: [BTCUSDT]}}}\n")
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true)
    }

    @Test("A kind of data whose connection nothing opens is refused")
    func notCarried() {
        func problems(_ types: String) -> [String] {
            Self.problems("venues: {okx: {swap: {symbols: [BTC-USDT-SWAP], types: [\(types)]}}}\n")
        }
        #expect(
            problems("kline, liquidation") == [
                "line 1: venues.okx.swap.types: liquidation comes on a connection that nothing else here opens; "
                    + "add trade, orderbook or bbo"
            ])
        #expect(problems("kline, liquidation, trade").isEmpty && problems("kline, instrument").isEmpty)
    }

    @Test("Depth past the venue's snapshots is refused")
    func depthPastVenue() {
        let problems = Self.problems(
            "books: {depth: 1500, retain: 2000}\nvenues: {binance: {usdm: {symbols: [BTCUSDT]}}}\n")
        #expect(
            problems == [
                "line 1: books.depth: 1500 levels can never be shown for USD-M futures: its snapshots end at 1000"
            ])
    }

    @Test("Symbols need not be ASCII")
    func symbolsBeyondASCII() throws {
        let configuration = try Self.load("venues: {binance: {usdm: {symbols: [币安人生USDT]}}}\n")
        #expect(configuration.venues[BinanceSegment.usdm.id]?.symbols == ["币安人生USDT"])
    }
}
