import ArgumentParser
import Collector
import Transport

/// Asks a running collector for its health.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = HealthOptions.command

    @OptionGroup var options: HealthOptions

    func run() async throws {
        let answer: HTTPClientResponse
        do {
            answer = try await PageClient.get(self.options.url, timeout: self.options.timeout.duration)
        } catch {
            StandardError.write("sluice: \(self.options.url) does not answer: \(error)\n")
            throw ExitStatus.unavailable
        }
        print(TerminalText.escaped(String(decoding: answer.body, as: UTF8.self)))
        guard answer.status == 200 else { throw ExitStatus.unavailable }
    }
}
