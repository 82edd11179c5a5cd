import Backfill
import Glibc
import Logging
import Synchronization

/// The outputs that jobs name, each made when it is first asked for; as many as there are names in the jobs.
package final class HistoryOutputs: Sendable {
    private let configuration: Configuration
    private let natsURL: String?
    private let log: Logger
    private let made = Mutex<[String: any HistoryOutput]>([:])

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
            throw HistoryOrder.Problem("'\(text)' is neither nats nor files:csv:<folder> nor files:jsonl:<folder>")
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

    func output(_ name: String) throws(PieceFailure) -> any HistoryOutput {
        throw PieceFailure(.permanent, "there is no output \(name)")
    }

    func close() async {}
}
