import ArgumentParser
import Collector
import Glibc
import Publishing

/// Shows the ledger of losses.
struct GapsCommand: ParsableCommand {
    static let configuration = GapsOptions.command

    @OptionGroup var options: GapsOptions

    func run() throws {
        let options = self.options
        let configuration = try options.config.map { try ConfigurationOptions.load($0).configuration }
        let size = TerminalSize.current(of: STDOUT_FILENO)
        let style: TerminalStyle = size == nil ? .plain : .ansi
        do throws(GapReading.Failure) {
            let filter = GapReport.Filter(symbols: options.symbol, types: options.of, causes: options.cause)
            let reading = try GapReading(
                connection: Self.connection(configuration, options.nats),
                stream: options.stream ?? configuration?.nats.streams.gaps.name ?? "GAPS", filter: filter,
                limit: options.limit, since: options.since.duration, timeout: options.timeout.duration)
            if options.report {
                let day = try reading.day(
                    last: configuration?.nats.streams.last.name ?? "LAST",
                    subjects: Subjects(prefix: configuration?.nats.prefix ?? "md"))
                let page = DayPage(columns: size?.columns, style: style)
                print(options.json ? DayPage.json(day) : page.lines(day).joined(separator: "\n"))
            } else {
                let report = try reading.report()
                let table = GapTable(columns: size?.columns, style: style)
                print(options.json ? GapTable.json(report) : table.lines(report).joined(separator: "\n"))
            }
        } catch {
            StandardError.write("sluice: \(TerminalText.escaped("\(error)"))\n")
            throw ExitStatus.unavailable
        }
    }

    /// The server: that of `--nats`, of the configuration, of the environment, or the one on this machine.
    private static func connection(
        _ configuration: Configuration?, _ addresses: String?
    ) throws(GapReading.Failure) -> NATSConnectionOptions {
        let name = "sluice gaps"
        guard let configuration else {
            let environment = ProcessEnvironment.variables
            let address = addresses ?? environment["SLUICE_NATS_URL"] ?? "nats://127.0.0.1:4222"
            var connection = NATSConnectionOptions(addresses: Self.list(address))
            connection.name = name
            connection.apply(environment: environment.filter { $0.key != "SLUICE_NATS_URL" })
            return connection
        }
        return try configuration.readerConnection(named: name, addresses: addresses.map(Self.list))
    }

    private static func list(_ addresses: String) -> [String] { addresses.split(separator: ",").map(String.init) }
}
