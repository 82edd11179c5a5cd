import Publishing
import Testing
import Transport
import Venues

@testable import Collector

@Suite("What the stages are configured with")
struct StageSettingsTests {
    private static func load(_ text: String) throws -> Configuration {
        try Configuration.parse("venues: {binance: {spot: {symbols: [BTCUSDT]}}}\n" + text).configuration
    }

    @Test("Every key of transport reaches the connection that it is about")
    func slots() throws {
        let text = """
            transport:
              ca_file: /dev/null
              proxy: "127.0.0.1:3128"
              deflate: true
              max_message: 1MiB
              connect_timeout: 1s
              tls_timeout: 2s
              upgrade_timeout: 3s
              close_timeout: 4s
              backoff_base: 5s
              backoff_cap: 6s
              rotate_overlap: 7s
            """
        let configuration = try Self.load(text)
        let connection = try #require(CollectionPlan(configuration).connections.first)
        let options = configuration.slotOptions(connection, number: 3)
        let endpoint = try #require(options.endpoints.first)
        #expect(options.number == 3 && endpoint.host == "stream.binance.com" && endpoint.path == "/stream")
        #expect(endpoint.caFile == "/dev/null" && endpoint.proxy == "127.0.0.1:3128" && endpoint.offersDeflate)
        #expect(options.limits.frameBytes == 1 << 20 && options.limits.messageBytes == 1 << 20)
        #expect(options.limits.connectDeadline == .seconds(1) && options.limits.tlsDeadline == .seconds(2))
        #expect(options.limits.upgradeDeadline == .seconds(3) && options.limits.closeDeadline == .seconds(4))
        #expect(options.timing.backoffBase == .seconds(5) && options.timing.backoffCap == .seconds(6))
        #expect(options.timing.rotationDeadline == .seconds(7))
        // Venues close for pings of ours: life is told by data.
        #expect(options.limits.pingInterval == nil)
    }

    @Test("The deadlines of a request are those of transport")
    func requests() throws {
        let text = "transport: {request_timeout: 9s, connect_timeout: 1s, tls_timeout: 2s}\n"
        let deadlines = try Self.load(text).transport.requestDeadlines
        #expect(deadlines.total == .seconds(9) && deadlines.connect == .seconds(1) && deadlines.tls == .seconds(2))
    }

    @Test(
        "Messages of a connection are spaced by the venue's limit, with one a second left for a pong",
        arguments: [
            ("{}", 333_333, 142_857), ("{use_percent: 100}", 250_000, 111_111),
            ("{spot_messages_per_second: 1, futures_messages_per_second: 101}", 1_000_000, 12_658),
        ])
    func spacing(_ limits: String, _ spot: Int64, _ futures: Int64) throws {
        let found = try Self.load("limits: {binance: \(limits)}\n").limits[Binance.id]
        let spacings = Binance().segments.map { Binance().dialect(for: $0, limits: found).limits.spacing.microseconds }
        #expect(spacings == [spot, futures, futures])
    }

    @Test("History has a stream with limits of its own, and waits no longer than the stream knows its messages")
    func history() throws {
        let text = """
            nats:
              prefix: a.b
              servers: ["nats://one"]
              streams: {history: {name: PAST, max_bytes: 3GiB, max_age: 48h, duplicate_window: 20s}}
            """
        let history = try Self.load(text).historyPublisherConfiguration(embedded: nil, boot: "b")
        #expect(history.stream.name == "PAST" && history.stream.subjects == ["a.b.history.>"])
        #expect(history.stream.maxBytes == 3 << 30 && history.stream.maxAge == .seconds(172_800))
        #expect(history.stream.discard == .newest && history.patience == .seconds(5))
        #expect(history.connection.addresses == ["nats://one:4222"] && history.connection.name.hasSuffix(" history"))
        #expect(try Self.load("").historyPublisherConfiguration(embedded: "x", boot: "b").stream.name == "HISTORY")
    }

    @Test("The server of our own takes its place, port and limits from the configuration; named servers need none")
    func embedded() throws {
        let text = """
            state_directory: /tmp/s
            nats: {embedded: {binary: /bin/nats, port: 4300, max_memory: 32MiB, max_file: 6GiB}}
            """
        let server = try #require(try Self.load(text).embeddedServer)
        #expect(server.directory == "/tmp/s/nats" && server.binary == "/bin/nats" && server.port == 4_300)
        #expect(server.maxMemoryBytes == 32 << 20 && server.maxFileBytes == 6 << 30)
        #expect(try Self.load("").embeddedServer?.port == nil)
        #expect(try Self.load("nats: {servers: [\"nats://one\"]}\n").embeddedServer == nil)
    }

    @Test("Credentials and certificates are for named servers: our own knows no users")
    func credentials() throws {
        let text = """
            nats: {user: me, password_file: /etc/hostname, tls: {ca_file: /dev/null}}
            """
        let configuration = try Self.load(text)
        let named = configuration.publisherConfiguration(embedded: nil).connection
        #expect(named.credentials != .none && named.tls?.authorityFile == "/dev/null")
        let own = configuration.publisherConfiguration(embedded: "nats://127.0.0.1:1").connection
        #expect(own.credentials == .none && own.tls == nil)
    }
}
