import ArgumentParser
import Collector
import Foundation
import Publishing

/// Shows what a subscriber receives.
struct TailCommand: AsyncParsableCommand {
    static let configuration = TailOptions.command

    @OptionGroup var options: TailOptions

    func run() async throws {
        let address = self.options.nats ?? ProcessEnvironment.variables["SLUICE_NATS_URL"] ?? "nats://127.0.0.1:4222"
        var connection = NATSConnectionOptions(addresses: address.split(separator: ",").map(String.init))
        connection.name = "sluice tail"
        connection.apply(environment: ProcessEnvironment.variables.filter { $0.key != "SLUICE_NATS_URL" })
        let subscriber: NATSSubscriber
        do throws(NATSError) {
            subscriber = try NATSSubscriber(connection, subjects: self.options.subjects)
        } catch {
            StandardError.write("sluice: no NATS server answers: \(error)\n")
            throw ExitStatus.unavailable
        }
        defer { subscriber.close() }
        let size = TerminalSize.current(of: STDOUT_FILENO)
        let renderer = TailRenderer(
            columns: size?.columns ?? 120, style: size == nil ? .plain : .ansi, levels: self.options.levels)
        var left = self.options.count ?? Int.max
        for await message in subscriber.messages {
            let payload = Data(message.payload)
            if self.options.json {
                print(TailRenderer.json(payload: payload))
            } else {
                for line in renderer.lines(subject: message.subject, payload: payload) { print(line) }
            }
            StandardOutput.flush()
            left -= 1
            if left == 0 { return }
        }
    }
}
