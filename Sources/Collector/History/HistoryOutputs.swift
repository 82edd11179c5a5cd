import Backfill
import Glibc
import Logging
import Publishing
import Synchronization
import Transport

/// The outputs that jobs name, each made when it is first asked for; as many as there are names in the jobs.
package final class HistoryOutputs: Sendable {
    private let configuration: Configuration
    private let natsURL: String?
    private let log: Logger
    private let boot = String(LoopClock.wallMicroseconds() / 1_000, radix: 36)
    private let made = Mutex(Made())

    private struct Made {
        var outputs: [String: any HistoryOutput] = [:]
        var publisher: HistoryPublisher?
    }

    /// - Parameter natsURL: The address of the server that runs as our child, if one does.
    init(_ configuration: Configuration, natsURL: String?, log: Logger) {
        self.configuration = configuration
        self.natsURL = natsURL
        self.log = log
    }

    /// The name under which what a user wrote stands in jobs and coverage: of files, the whole path.
    package static func name(of text: String) throws(HistoryOrder.Problem) -> String {
        if text == "nats" { return "nats" }
        let parts = text.split(separator: ":", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "files", ["csv", "jsonl"].contains(parts[1]) else {
            let written = TerminalText.escaped(text, limit: 200)
            let nearest = NearestName.find(
                parts.prefix(2).joined(separator: ":"), among: ["nats", "files:csv", "files:jsonl"])
            let advice = nearest.map { "; did you mean \($0 == "nats" ? $0 : "\($0):<folder>")?" } ?? ""
            throw HistoryOrder.Problem(
                "'\(written)' is neither nats nor files:csv:<folder> nor files:jsonl:<folder>\(advice)")
        }
        var folder = parts[2]
        if !folder.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else { throw HistoryOrder.Problem("the folder has no path") }
            defer { free(here) }
            folder = String(cString: here) + "/" + folder
        }
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        return "files:\(parts[1]):\(folder)"
    }

    /// The output of a name.
    func output(_ name: String) throws(PieceFailure) -> any HistoryOutput {
        if let made = self.made.withLock({ $0.outputs[name] }) { return made }
        let output = try self.make(name)
        return self.made.withLock { made in
            // Another may have made it meanwhile.
            if let other = made.outputs[name] { return other }
            made.outputs[name] = output
            return output
        }
    }

    private func make(_ name: String) throws(PieceFailure) -> any HistoryOutput {
        if name == "nats" { return try self.makeNATS() }
        let parts = name.split(separator: ":", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "files", let format = HistoryFileFormat(rawValue: parts[1]) else {
            throw PieceFailure(.permanent, "there is no output \(name)")
        }
        do throws(HistoryOutputError) {
            return try FileHistoryOutput(root: parts[2], format: format)
        } catch {
            throw PieceFailure(error)
        }
    }

    private func makeNATS() throws(PieceFailure) -> any HistoryOutput {
        let embedded = self.natsURL ?? self.configuration.ownServerURL
        guard embedded != nil || !self.configuration.nats.servers.isEmpty else {
            throw PieceFailure(
                .outputRefused,
                "no server is configured (nats.servers), and the collector's own is on any free port "
                    + "(nats.embedded.port)")
        }
        let settings = self.configuration.historyPublisherConfiguration(embedded: embedded, boot: self.boot)
        let publisher = self.made.withLock { made in
            let publisher =
                made.publisher
                ?? HistoryPublisher(
                    settings, observer: LoggingPublisherObserver(log: self.log, sampled: SampledLog(self.log)))
            made.publisher = publisher
            return publisher
        }
        return NATSHistoryOutput(publisher, stream: settings.stream.name)
    }

    /// Ends the connection to the server.
    func close() async {
        let publisher = self.made.withLock { made in
            made.outputs.removeAll()
            return made.publisher.take()
        }
        await publisher?.close()
    }
}
